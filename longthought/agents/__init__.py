"""The agents of a debate, policy and critic, and the chat models behind them, served or in this process."""
