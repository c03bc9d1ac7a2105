"""Learning from rewards: GRPO for thinkers, policies and critics.

reinforce      the front door
grpo           the method, as TRL's GRPOTrainer has it
group_trainer  the trainer: replies of a whole batch at once, groups with equal rewards dropped
rewards/       what a reply earns
collapse       figures of a batch of replies, and what counts as a collapse
watching       writes the figures, and stops a training that collapses
"""
