"""Learning from rewards: GRPO for thinkers, policies and critics.

reinforce      the front door
grpo           the method, as TRL's GRPOTrainer has it
group_trainer  the trainer: replies of a whole batch at once, groups with equal rewards dropped
gpus           replies by vLLM, and TRL's asynchronous trainer
debates        whole debates of the agent that learns, with the tokens of its turns
debate_trainer the trainer on whole debates
choices        the tokens that choose a move
credit         the advantages of their turns
rewards/       what a reply earns
collapse       figures of a batch of replies, and what counts as a collapse
watching       writes the figures, and stops a training that collapses
"""
