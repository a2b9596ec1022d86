"""Runs the job `engine` on Quix Streams until SIGTERM. Arguments: name=value for each setting, as the other sides take them."""

import json
import sys
from pathlib import Path
from time import monotonic, process_time
from typing import Any

from candle import Candle
from quixstreams import Application
from quixstreams.models import SerializationContext
from quixstreams.models.serializers.avro import AvroDeserializer

TRADE_SCHEMA = Path(__file__).parents[3] / "libs/schemas/avro/trade.avsc"
HEADER_BYTES = 5
# As much fetched ahead as Kafka Streams has: what was fetched before the measured part is not in its figures.
FETCHED_AHEAD_KB = 16 * 1024


class TradeDeserializer(AvroDeserializer):
    """Trades in the Confluent wire format. Every trade has the schema of this build, so there is none to look up."""

    def __call__(self, value: bytes, ctx: SerializationContext) -> Any:
        return super().__call__(value[HEADER_BYTES:], ctx)


class Marks:
    """Counts what is processed and says, a JSON line each, when the measured part begins and when the last record has come."""

    def __init__(self, warm_up: int, records: int) -> None:
        self._names = {warm_up: "begin", records: "end"}
        self._seen = 0

    def trade_time(self, trade: dict[str, Any], headers: Any, timestamp_ms: float, timestamp_type: Any) -> int:
        self._seen += 1
        if self._seen in self._names:
            mark = {"mark": self._names[self._seen], "atS": monotonic(), "cpuS": process_time()}
            print(json.dumps(mark, separators=(",", ":")), flush=True)
        return trade["trade_time_ms"]


def main(settings: dict[str, str]) -> None:
    app = Application(
        broker_address=settings["bootstrapServers"],
        consumer_group=settings["applicationId"],
        auto_offset_reset="earliest",
        commit_interval=int(settings["commitIntervalMs"]) / 1000,
        processing_guarantee="exactly-once",
        state_dir=settings["stateDir"],
        consumer_extra_config={"queued.max.messages.kbytes": FETCHED_AHEAD_KB},
        loglevel="ERROR",
    )
    marks = Marks(int(settings["warmUp"]), int(settings["records"]))
    trades = app.topic(
        settings["input"],
        key_deserializer="str",
        value_deserializer=TradeDeserializer(json.loads(TRADE_SCHEMA.read_text())),
        timestamp_extractor=marks.trade_time,
    )
    candles = app.topic(settings["output"], key_serializer="str", value_serializer="json")
    (
        app.dataframe(trades)
        .tumbling_window(int(settings["windowMs"]), int(settings["graceMs"]))
        .agg(candle=Candle())
        .final(closing_strategy="partition")
        .apply(lambda window: {"startMs": window["start"], **window["candle"]})
        .to_topic(candles)
    )
    app.run()


main(dict(argument.split("=", 1) for argument in sys.argv[1:]))
