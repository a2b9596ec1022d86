import { stream } from '@tidemark/streams'
import { judge, type Named } from '../verdict.ts'
import { sampleCodec, type Job, type Keyed, type Sample } from './job.ts'
import { samplesInOrder } from './samples.ts'

/** Every record as it is, in the order of its key. */
export const copyJob: Job = {
  topology: ({ input, output }) =>
    stream(input, sampleCodec, { timestampMs: (sample) => sample.timestampMs, clock: 'key' }).to(output, sampleCodec),
  load: samplesInOrder,
  judge: async (written, readOutput) => judge(written.map(named), (await readOutput(sampleCodec)).map(named)),
}

function named({ key, value }: Keyed<Sample>): Named<Sample> {
  return { name: `${key.toString()} ${value.sequence}`, line: key.toString(), value }
}
