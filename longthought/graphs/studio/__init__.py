"""The graphs as LangGraph runs them for a person: a node for each turn, to watch, stop, edit and fork.

state      the state of a thread: what is typed, the log, and the views of it
form       the settings as a form, and how a filled-in form is read
by_hand    events that a person writes: what they leave out is filled in
narration  the log in sentences, and as a dialogue
asking     what a person is asked before a verdict is applied, and what the reply means
fetching   the debates of a thread, from a server or a store
stepwise   a machine compiled as a LangGraph graph
"""
