/** A trade as a client understood it. */
export interface ClientTrade {
  readonly id: number
  readonly symbol: string
  readonly price: number
  readonly quantity: number
}

/** What a client's script prints: symbols that it read from exchangeInfo, and trades that it received. */
export interface ClientAnswer {
  readonly symbols: readonly string[]
  readonly trades: readonly ClientTrade[]
}

/** The answer in what a script printed: clients print lines of their own besides. */
export function findAnswer(output: string): ClientAnswer | undefined {
  const line = output.split('\n').findLast((each) => each.startsWith('{"symbols"'))
  return line === undefined ? undefined : (JSON.parse(line) as ClientAnswer)
}

/** What is wrong with an answer, by what the exchange has published: the symbols it has, and the trades from the client's first on. */
export function judgeAnswer(answer: ClientAnswer | undefined, published: ClientAnswer): readonly string[] {
  if (answer === undefined) return ['it ended without an answer']
  const symbols = answer.symbols.toSorted().join()
  const expected = published.symbols.toSorted().join()
  return [
    ...(symbols === expected ? [] : [`exchangeInfo has the symbols ${expected}, the client read ${symbols || 'none'}`]),
    ...(answer.trades.length === 0 ? ['it received no trades'] : []),
    ...answer.trades.flatMap((trade, index) => {
      const sent = published.trades[index]
      return sent !== undefined && isSame(trade, sent)
        ? []
        : [`trade ${index} is ${JSON.stringify(trade)}, the exchange sent ${JSON.stringify(sent)}`]
    }),
  ]
}

function isSame(a: ClientTrade, b: ClientTrade): boolean {
  return a.id === b.id && a.symbol === b.symbol && a.price === b.price && a.quantity === b.quantity
}
