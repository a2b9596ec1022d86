import { describe, expect, it } from 'vitest'
import { chooseJava, parseJavaMajor, type Java } from './java.ts'
import { chooseRegistry } from './services.ts'
import { StackError } from './stack-error.ts'

const java = (major: number): Java => ({ path: `/jvm/${major}/bin/java`, major, build: `"${major}"`, origin: 'PATH' })

function errorOf(run: () => unknown): StackError {
  try {
    run()
  } catch (error) {
    if (error instanceof StackError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('parseJavaMajor', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17],
    ['java version "1.8.0_292"', 8],
    ['openjdk version "25" 2025-09-16', 25],
    ['openjdk version "26-ea" 2026-03-17', 26],
    ['Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version "21.0.4" 2024-07-16', 21],
  ])('reads the major version of %j', (output, major) => {
    expect(parseJavaMajor(output)).toBe(major)
  })

  it('knows nothing of output that names no version', () => {
    expect(parseJavaMajor('command not found')).toBeUndefined()
  })
})

describe('chooseJava', () => {
  const need = { server: 'Kafka 4.1.1', minMajor: 17 }

  it('takes the first one that is new enough', () => {
    expect(chooseJava([java(11), java(17), java(25)], need).major).toBe(17)
  })

  it('says what to install when there is no Java at all', () => {
    const error = errorOf(() => chooseJava([], need))
    expect(error.code).toBe('java-missing')
    expect(error.message).toMatch(/Kafka 4\.1\.1 needs Java.*JAVA_HOME.*install Java 17 or later/)
  })

  it('names what is there when all are too old', () => {
    const error = errorOf(() => chooseJava([java(8), java(11)], need))
    expect(error.code).toBe('java-too-old')
    expect(error.message).toMatch(
      /needs Java 17 or later, found only Java 8 \(.*\), Java 11 \(\/jvm\/11\/bin\/java\): install/,
    )
  })
})

describe('chooseRegistry', () => {
  it('takes the newest release where a Java 21 is anywhere', () => {
    const { release, java: chosen } = chooseRegistry([java(17), java(25)], () => undefined)
    expect([release.version, chosen.major]).toEqual(['3.3.3', 25])
  })

  it('takes the older release, and says so, where only Java 17 is there', () => {
    const said: string[] = []
    expect(chooseRegistry([java(17)], (line) => said.push(line)).release.version).toBe('3.0.9')
    expect(said).toEqual(['no Java 21 found: taking schema registry 3.0.9, which runs on Java 17'])
  })

  it('asks for the oldest Java that would do when all are too old', () => {
    expect(errorOf(() => chooseRegistry([java(11)], () => undefined)).message).toContain('needs Java 17 or later')
  })
})
