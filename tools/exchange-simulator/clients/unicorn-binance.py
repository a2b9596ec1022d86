import json

from answer import Answer, HTTP, SYMBOL, WS
from unicorn_binance_rest_api import BinanceRestApiManager
from unicorn_binance_websocket_api import BinanceWebSocketApiManager

# The client's REST part is a package of its own, which it installs and uses itself. It asks for the time as it is made, so the
# address has to be there before; with a top-level domain the one of the class is taken.
BinanceRestApiManager.API_URL = f"{HTTP}/api"
rest = BinanceRestApiManager(tld="com", warn_on_update=False)
answer = Answer([each["symbol"] for each in rest.get_exchange_info()["symbols"]])


def take(text):
    event = json.loads(text)
    if event.get("data", {}).get("e") == "trade":
        answer.take(event["data"])


manager = BinanceWebSocketApiManager(
    exchange="binance.com",
    websocket_base_uri=f"{WS}/",
    restful_base_uri=HTTP,
    ubra_manager=rest,
    process_stream_data=take,
    warn_on_update=False,
)
manager.create_stream(["trade"], [SYMBOL])
