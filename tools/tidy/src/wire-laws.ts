import { isCode, isTest, type RepositoryFile } from './repository.ts'

/** Where the topics are defined, and where they and the settings are described for people. */
const topicsSource = 'libs/schemas/src/topics.ts'
const topicsDocument = 'docs/topics.md'
const settingsDocument = 'docs/settings.md'

const textOf = (files: readonly RepositoryFile[], path: string) => files.find((file) => file.path === path)?.text ?? ''

/** First cells of tables, and headings, that are code: `name`. */
const described = (text: string) =>
  new Set([...text.matchAll(/^(?:\||#+) *((?:`[^`]+`[ ,]*)+)/gm)].flatMap(({ 1: cell = '' }) => namesIn(cell)))

const namesIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(({ 1: name = '' }) => name)

const definedTopics = (files: readonly RepositoryFile[]) => {
  const block = /topicNames = \{([^}]+)\}/.exec(textOf(files, topicsSource))?.[1] ?? ''
  return [...block.matchAll(/(\w+): '([^']+)'/g)].map(({ 1: key = '', 2: name = '' }) => ({ key, name }))
}

/** Topics that are defined but not described, described but not defined, or used by no app. */
export const unknownTopics = (files: readonly RepositoryFile[]): readonly string[] => {
  const topics = definedTopics(files)
  const document = described(textOf(files, topicsDocument))
  const apps = files.filter(({ path }) => path.startsWith('apps/') && isCode(path) && !isTest(path))
  const isUsed = ({ key, name }: (typeof topics)[number]) =>
    apps.some(({ path, text }) => {
      const app = path.split('/')[1] ?? ''
      return name === `${app}-dlq` || text.includes(`topicNames.${key}`) || text.includes(`'${name}'`)
    })
  const known = new Set(topics.map(({ name }) => name))
  return [
    ...topics
      .filter(({ name }) => !document.has(name))
      .map(({ name }) => `${topicsDocument}: ${name} is not described`),
    ...[...document].filter((name) => !known.has(name)).map((name) => `${topicsDocument}: ${name} does not exist`),
    ...topics.filter((topic) => !isUsed(topic)).map(({ name }) => `${topicsSource}: no app uses ${name}`),
  ]
}

const settingField = /^\s+([A-Z][A-Z0-9_]{4,}): /gm
const settingRead = /\benv(?:ironment)?(?:\.|\[')([A-Z][A-Z0-9_]+)/g

/** Set by the system or by other programs, with the meaning they give it. */
const othersSettings = new Set([
  ...['PATH', 'HOME', 'XDG_CACHE_HOME', 'JAVA_HOME', 'NODE_COMPILE_CACHE'],
  // Of the tests, not of the apps: CONTRIBUTING.md has them.
  ...['PROPERTY_RUNS', 'PROPERTY_SEED'],
])

const readSettings = (files: readonly RepositoryFile[]) => {
  const code = files.filter(({ path }) => /^(libs|apps|tools)\//.test(path) && isCode(path) && !isTest(path))
  const schemas = code.filter(({ text }) => text.includes("from 'zod'"))
  return new Set(
    [
      ...schemas.flatMap(({ text }) => [...text.matchAll(settingField)]),
      ...code.flatMap(({ text }) => [...text.matchAll(settingRead)]),
    ]
      .map(({ 1: name = '' }) => name)
      .filter((name) => !othersSettings.has(name)),
  )
}

/** Settings that a program reads but nobody describes, or that are described but read by none. */
export const unknownSettings = (files: readonly RepositoryFile[]): readonly string[] => {
  const read = readSettings(files)
  const document = described(textOf(files, settingsDocument))
  return [
    ...[...read].filter((name) => !document.has(name)).map((name) => `${settingsDocument}: ${name} is not described`),
    ...[...document].filter((name) => !read.has(name)).map((name) => `${settingsDocument}: nothing reads ${name}`),
  ]
}
