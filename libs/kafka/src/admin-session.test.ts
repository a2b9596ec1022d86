import kafkajs, { type Admin } from 'kafkajs'
import { expect, test } from 'vitest'
import { AdminSession } from './admin-session.ts'

/** As kafkajs makes it of a broker's answer. */
function answered(code: number, type: string): Error {
  return new kafkajs.KafkaJSProtocolError(Object.assign(new Error(`the broker's text of ${type}`), { code, type }))
}

const connected = { connect: async () => undefined } as Admin
const asked = (error: Error) =>
  new AdminSession(connected).ask('describing topics', async () => await Promise.reject(error))

test('what a broker answers is tried again where its code says so: a topic that it has not heard of yet', async () => {
  await expect(asked(answered(3, 'UNKNOWN_TOPIC_OR_PARTITION'))).rejects.toMatchObject({
    code: 'topic-missing',
    retriable: true,
    message: 'describing topics: UNKNOWN_TOPIC_OR_PARTITION: it does not exist, or the broker does not know it yet',
  })
})

test('and not where it will be answered the same again', async () => {
  const refused = asked(answered(29, 'TOPIC_AUTHORIZATION_FAILED'))
  await expect(refused).rejects.toMatchObject({ code: 'not-authorised', retriable: false })
})
