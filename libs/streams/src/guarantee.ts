import type { RestoreProgress } from './changelog.ts'
import type { StreamsError } from './errors.ts'
import type { Task } from './task.ts'

/** A task whose commit, or restore, failed in a way that leaves the rest of the application alone. */
export interface FailedCommit {
  readonly task: Task
  /** `fenced`: somebody else has taken the task over, or the broker has given the transaction up. `unknown`: no answer came. */
  readonly reason: 'fenced' | 'unknown'
  readonly error: StreamsError
}

/** How tasks are opened and committed: all that differs between at-least-once and exactly-once. */
export interface Guarantee {
  /** What must be there before the group is joined. `partitionCount`: of each source, and so how many tasks there are. */
  start(partitionCount: number): Promise<void>
  /** Opens tasks whose partitions were assigned. When it resolves no one else can commit for them. */
  open(partitions: readonly number[]): Promise<Task[]>
  /**
   * Puts back the state of tasks that have just been opened, and have taken up their committed offsets. Tells of each piece of it. Returns the tasks that
   * somebody else has committed for meanwhile. Rejects with `offsets-lost` for state without the offsets it was committed with.
   */
  restore(tasks: readonly Task[], onProgress: () => void): Promise<FailedCommit[]>
  /** How far the states of a task are restored; none when it is done. */
  restoring(task: Task): readonly RestoreProgress[]
  /**
   * Takes up tasks again that stayed in memory while the group divided its partitions anew. Returns those that nobody else has
   * written for in between: what they hold is still what is committed, and what they have not committed is still to be. No one
   * else can commit for these when it resolves. The others are to be dropped, and opened.
   */
  keep(tasks: readonly Task[]): Promise<Task[]>
  /** False for a task that `keep` will not return, whatever happens until then: it holds nothing that is worth waiting with. */
  mayStay(task: Task): boolean
  /**
   * Begins to send what a task has put out ahead of its commit, where that is possible and worth it: true if it has. It counts as buffered until it is acknowledged; where it is
   * not, the commit fails.
   */
  sendAhead(task: Task): boolean
  /** Resolves when something that was sent ahead is acknowledged or has failed; false where nothing is under way. */
  acknowledged(): Promise<boolean>
  /**
   * Writes what the tasks have put out since their last commit, and commits the offsets it came from. Returns the tasks that can't
   * go on as they are: what they hold in memory is not what is committed.
   */
  commit(tasks: readonly Task[]): Promise<FailedCommit[]>
  /** The partitions of these tasks went to others, or may have. */
  drop(tasks: readonly Task[]): Promise<void>
  close(): Promise<void>
}
