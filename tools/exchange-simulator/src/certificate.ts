import { writeFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { generate } from 'selfsigned'
import { SimulatorError } from './simulator-error.ts'

/** A key and its certificate, in PEM. The certificate has signed itself: who trusts it trusts the simulator. */
export interface Certificate {
  readonly key: string
  readonly cert: string
}

const SUBJECT = 'Tidemark exchange simulator'

/** Makes a certificate for `localhost`, the loopback addresses and the host given; it lives for a year. */
export async function makeCertificate(host: string): Promise<Certificate> {
  const hosts = [...new Set(['localhost', '127.0.0.1', '::1', host])]
  const altNames = hosts.map((name) =>
    isIP(name) ? ({ type: 7, ip: name } as const) : ({ type: 2, value: name } as const),
  )
  const made = await generate([{ name: 'commonName', value: SUBJECT }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  return { key: made.private, cert: made.cert }
}

/** Writes the certificate where a client is told to find whom to trust, such as `NODE_EXTRA_CA_CERTS`. */
export async function writeCertificate({ cert }: Certificate, file: string): Promise<void> {
  await writeFile(file, cert).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new SimulatorError('bad-option', `certificate ${file} cannot be written: ${reason}`, { cause: error })
  })
}
