"""Training of agents on data folders, with the trainers of TRL where it has one.

request          `TrainingRequest`: what a training is asked to do
train            `train()`: the front door, which loads torch only when it is called
hyperparameters  values for what a request leaves open, by the size of the model and the machine
methods          the ways to train, by name
fine_tuning      one training from its data to its folder, whatever the method
sft              supervised fine-tuning
dpo              direct preference optimisation
scorer           a step-scoring head
probe            a critic of one word, read out of a frozen model
lora             adapters: what is adapted, and how they are written
bases            the model that a training starts from
chat_template    what training asks of a chat template
turns            the tokens of an example: the prompt as an agent is asked, then the reply
inspection       the check of every example before the weights are loaded
destination      the check that an output folder is new and can be written
record           `training.json`: settings, attempts and outcome of a training
progress         the progress bar of a training
model_card       the card of a trained model
data/            training data out of run folders
code_thoughts/   thoughts that end in programs, as training data
reinforcement/   learning from rewards
improve/         rounds of debates, data and training, for both agents
environments/    the debate for other trainers
bundled/         the agents that ship with the package, trained from nothing
"""
