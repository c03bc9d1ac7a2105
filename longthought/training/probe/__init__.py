"""A linear probe as a critic: what a frozen model knows of an answer, read out into its verdict of one word.

The data are read once. At the place where the verdict is to be written, a logistic regression on the input of each
layer's MLP learns whether the answer is right. The probes of the layers that order held-out answers best are tried out
as what they are to become, and the one whose verdicts are best is taken. Its direction becomes one neuron of that MLP,
which a gate opens at that place alone, and which writes whatever makes *yes* likelier than *no* at the end. So the
result is an ordinary model that any server can serve, it judges below the policy's own words without reading anything
twice, and in the policy's chair it writes what its base writes.

fit         `fit_probe()`: from the data to the folder of the model
verdicts    the examples as tokens
reading     what the frozen model makes of them
regression  what its states know, layer by layer
neuron      the neuron that says so

Alain and Bengio, "Understanding Intermediate Layers Using Linear Classifier Probes", 2016; Azaria and Mitchell, "The
Internal State of an LLM Knows When It's Lying", 2023.
"""
