import { stream } from '@tidemark/streams'
import { judge, type Named } from '../verdict.ts'
import { sampleCodec, type Job, type Read, type Sample } from './job.ts'
import { samplesInOrder } from './samples.ts'

/** Every record as it is, in its partition, which its key gives, and in its order there. */
export const copyJob: Job = {
  topology: ({ input, output }) =>
    stream(input, sampleCodec, { timestampMs: (sample) => sample.timestampMs, clock: 'key' }).to(output, sampleCodec),
  load: samplesInOrder,
  judge: async (written, readOutput) => judge(written.map(named), (await readOutput(sampleCodec)).map(named)),
}

function named({ partition, key, value }: Read<Sample>): Named<Sample> {
  const line = `partition ${partition}`
  return { name: `${line}: ${key.toString()} ${value.sequence}`, line, value }
}
