import { lawsOfGroups } from './laws-of-groups.ts'
import { lawsOfLogs } from './laws-of-logs.ts'
import { lawsOfTransactions } from './laws-of-transactions.ts'
import type { PortLaw } from './port-law.ts'

/**
 * What every implementation of the ports of @tidemark/streams promises, as named checks for any test runner:
 * `test.each(kafkaPortsConformance)('$law', ({ check }) => check(subject))`.
 */
export const kafkaPortsConformance: readonly PortLaw[] = [...lawsOfLogs, ...lawsOfGroups, ...lawsOfTransactions]
