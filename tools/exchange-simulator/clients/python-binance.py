import asyncio

from answer import Answer, HTTP, SYMBOL, WS
from binance import AsyncClient, BinanceSocketManager

AsyncClient.API_URL = f"{HTTP}/api"
BinanceSocketManager.STREAM_URL = f"{WS}/"


async def main():
    client = await AsyncClient.create()
    info = await client.get_exchange_info()
    answer = Answer([each["symbol"] for each in info["symbols"]])
    async with BinanceSocketManager(client).trade_socket(SYMBOL) as stream:
        while True:
            answer.take(await stream.recv())


asyncio.run(main())
