"""The methods of training on a data folder, by the name of their command."""

from typing import Final

from longthought.training.dpo import PreferenceLearning
from longthought.training.fine_tuning import Learning
from longthought.training.request import Method
from longthought.training.scorer import ScoreLearning
from longthought.training.sft import SupervisedLearning

METHODS: Final[dict[Method, type[Learning]]] = {
    "sft": SupervisedLearning,
    "dpo": PreferenceLearning,
    "scorer": ScoreLearning,
}
