from math import log
from typing import Any

from quixstreams.dataframe.windows import Aggregator

WHALE_QUOTE = 100_000


class Candle(Aggregator):
    """What a window keeps: the same fields and formulas as in src/jobs/candle.ts."""

    def initialize(self) -> dict[str, Any]:
        counts = dict.fromkeys(("trades", "firstId", "lastId", "whales"), 0)
        prices = dict.fromkeys(("open", "high", "low", "close"), 0.0)
        sums = dict.fromkeys(("base", "quote", "buy", "sell", "realisedVariance"), 0.0)
        return counts | prices | sums

    def agg(self, old: dict[str, Any], new: dict[str, Any], timestamp: int) -> dict[str, Any]:
        price: float = new["price"]
        quantity: float = new["quantity"]
        quote_quantity = price * quantity
        if old["trades"] == 0:
            old["firstId"] = new["trade_id"]
            old["open"] = old["high"] = old["low"] = price
        else:
            log_return = log(price / old["close"])
            old["realisedVariance"] += log_return * log_return
            if price > old["high"]:
                old["high"] = price
            if price < old["low"]:
                old["low"] = price
        old["trades"] += 1
        old["lastId"] = new["trade_id"]
        old["close"] = price
        old["base"] += quantity
        old["quote"] += quote_quantity
        old["sell" if new["is_buyer_maker"] else "buy"] += quantity
        if quote_quantity >= WHALE_QUOTE:
            old["whales"] += 1
        return old

    def result(self, value: dict[str, Any]) -> dict[str, Any]:
        return value | {"vwap": value["quote"] / value["base"]}

    def merge(self, a: Any, b: Any) -> Any:
        raise NotImplementedError("tumbling windows don't merge")
