import { copyJob } from './copy-job.ts'
import type { Job } from './job.ts'
import { stepsJob } from './steps-job.ts'
import { windowsJob } from './windows-job.ts'

/** What the instances run: records copied as they are, folded into windows of their key, or taken through every step that keeps state. */
export const jobs = { copy: copyJob, windows: windowsJob, steps: stepsJob } satisfies Record<string, Job>

export type JobName = keyof typeof jobs
