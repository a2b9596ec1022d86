export { exact, exactSum, rounded } from './exact.ts'
export { bySymbol, readTrades, type RecordedTrade } from './recording.ts'
export { gapsOf, whalesOf, windowsOf, type OracleOptions, type WindowSize } from './windows.ts'
