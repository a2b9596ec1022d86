export { startCommand, type StartOptions, type TradeSource } from './start-options.ts'
