"""What each client script has in common: where the exchange is, and how the script says what it was given."""

import json
import os
import sys

# Addresses without a path, and the symbol whose trades to take.
HTTP = os.environ["EXCHANGE_HTTP"]
WS = os.environ["EXCHANGE_WS"]
SYMBOL = os.environ["EXCHANGE_SYMBOL"]

# Trades that a client has to receive.
WANTED = 20


class Answer:
    """Takes trades as the stream has them; once there are enough, prints all as one line of JSON and ends the process."""

    def __init__(self, symbols):
        self.symbols = symbols
        self.trades = []

    def take(self, trade):
        """A trade with the exchange's field names."""
        self.trades.append(
            {
                "id": int(trade["t"]),
                "symbol": trade["s"],
                "price": float(trade["p"]),
                "quantity": float(trade["q"]),
            }
        )
        if len(self.trades) < WANTED:
            return
        print(json.dumps({"symbols": self.symbols, "trades": self.trades}))
        sys.stdout.flush()
        # Threads of a client would keep the process alive.
        os._exit(0)
