export { estimatorTables, judgedEstimators, type JudgedEstimators } from './estimators-report.ts'
