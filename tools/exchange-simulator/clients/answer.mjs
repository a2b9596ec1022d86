// What each client script has in common: where the exchange is, and how the script says what it was given.

/** Trades that a client has to receive. */
const wanted = 20

/** Addresses without a path, and the symbol whose trades to take. */
export const { EXCHANGE_HTTP: http, EXCHANGE_WS: ws, EXCHANGE_SYMBOL: symbol } = process.env

/**
 * Takes trades, one by one, until there are enough; then prints what the client read from exchangeInfo and the trades, as one line of
 * JSON, and ends the process: some clients would reconnect for ever.
 * @param {readonly string[]} symbols
 */
export function answerWith(symbols) {
  const trades = []
  /** @param {{ id: unknown, symbol: unknown, price: unknown, quantity: unknown }} trade */
  return ({ id, symbol, price, quantity }) => {
    trades.push({ id: Number(id), symbol: String(symbol), price: Number(price), quantity: Number(quantity) })
    // What comes before the line is written is too much.
    if (trades.length !== wanted) return
    process.stdout.write(`${JSON.stringify({ symbols, trades })}\n`, () => process.exit(0))
  }
}
