import { describe, expect, it } from 'vitest'
import { deadFiles } from './dead-files.ts'
import { fileLaws } from './file-laws.ts'
import { importCircles } from './import-circles.ts'
import { packageLaws } from './package-laws.ts'
import { repositoryFiles, repositoryRoot, workspacePackages, type PackageManifest } from './repository.ts'
import { unknownScripts } from './script-laws.ts'
import { unenforcedLaws } from './spec-laws.ts'
import { unknownSettings, unknownTopics } from './wire-laws.ts'

const files = repositoryFiles()
const packages = workspacePackages(files)
const root = JSON.parse(files.find(({ path }) => path === 'package.json')?.text ?? '') as PackageManifest

describe('the repository', () => {
  it('is read', () => {
    expect(packages.length, `packages under ${repositoryRoot}`).toBeGreaterThan(10)
  })

  it.each(Object.entries(fileLaws))('keeps the law of files: %s', (_name, law) => {
    expect(files.flatMap(law)).toEqual([])
  })

  it.each(Object.entries(packageLaws))('keeps the law of packages: %s', (_name, law) => {
    expect(packages.flatMap((judged) => law(judged, { root, packages }))).toEqual([])
  })

  it('has no dead files', () => {
    expect(deadFiles(files)).toEqual([])
  })

  it('has no circles of imports', () => {
    expect(importCircles(files)).toEqual([])
  })

  it('has a test for every law of a specification', () => {
    expect(unenforcedLaws(files)).toEqual([])
  })

  it('describes and uses every topic', () => {
    expect(unknownTopics(files)).toEqual([])
  })

  it('describes every setting', () => {
    expect(unknownSettings(files)).toEqual([])
  })

  it('has every script that a document names', () => {
    const manifests = [root, ...packages.map(({ manifest }) => manifest)]
    const scripts = new Set(manifests.flatMap((manifest) => Object.keys(manifest.scripts ?? {})))
    expect(unknownScripts(files, scripts)).toEqual([])
  })

  it('numbers its decisions once each', () => {
    const numbers = files.flatMap(({ path }) => /^docs\/adr\/(\d{4})-/.exec(path)?.[1] ?? [])
    expect(new Set(numbers).size).toBe(numbers.length)
  })
})
