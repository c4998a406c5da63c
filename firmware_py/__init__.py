"""What to do: the pure decision core and the asyncio shell around it."""
