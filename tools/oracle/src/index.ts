export { exact, exactSum, rounded } from './exact.ts'
export { lateTrades, type Arrival, type LateTrades } from './late-trades.ts'
export { bySymbol, readArrivals, readTrades, type RecordedTrade } from './recording.ts'
export { gapsOf, whalesOf, windowsAsTheyCame, windowsOf, type OracleOptions, type WindowSize } from './windows.ts'
