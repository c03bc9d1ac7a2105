"""What tests of models in this process need, to be quick on a small machine."""

import gc
from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(scope="module", autouse=True)
def small_and_quick() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()  # the library collects garbage whenever it stops, which is slow with all that is imported
    yield
    gc.unfreeze()
    torch.set_num_threads(before)
