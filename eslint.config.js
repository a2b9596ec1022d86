import eslint from '@eslint/js'
import { createProjectGraphAsync } from '@nx/devkit'
import nx from '@nx/eslint-plugin'
import { defineConfig, globalIgnores } from 'eslint/config'
import { readdirSync } from 'node:fs'
import { builtinModules } from 'node:module'
import tseslint from 'typescript-eslint'

// Without a cached project graph the boundary rule only prints a warning and passes everything, so the graph is made
// here, in this process: a daemon would outlive the lint.
process.env.NX_DAEMON = 'false'
await createProjectGraphAsync({ exitOnError: true })

const tests = ['**/*.test.ts', '**/*-fixture.ts', '**/*.bench.ts']
const serverTests = ['**/*.integration.test.ts', '**/*.e2e.test.ts', '**/src/e2e/*.ts']

/** Where a program starts: the only files that may touch `process`. */
const entryPoints = ['**/src/main.ts', '**/src/bin/*.ts', 'tools/*.mjs']

const pureRooms = ['libs/windowing/src/**/*.ts', 'libs/market/src/**/*.ts']
const streamsRoom = ['libs/streams/src/**/*.ts']
const streamsShell = ['libs/streams/src/run.ts', 'libs/streams/src/shell/*.ts']

// ---------------------------------------------------------------------------------------------------------- arrows

/** A client library and the one room that may import it: everyone else goes through that room. */
const clientOwners = {
  kafkajs: ['libs/kafka'],
  avsc: ['libs/schemas'],
  '@kafkajs/confluent-schema-registry': ['libs/schemas'],
  pino: ['libs/service'],
  'prom-client': ['libs/service'],
  '@slack/webhook': ['apps/alert-engine'],
}

const arrows = {
  'type:pure': [],
  'type:schemas': [],
  'type:domain': ['type:pure', 'type:schemas'],
  'type:engine': ['type:pure'],
  'type:adapter': ['type:engine', 'type:pure', 'type:schemas'],
  'type:testing': ['type:engine', 'type:pure'],
  'type:app': ['type:pure', 'type:schemas', 'type:domain', 'type:engine', 'type:adapter'],
  'type:tool': ['type:pure', 'type:schemas', 'type:domain', 'type:engine', 'type:adapter', 'type:testing', 'type:tool'],
}

/** What tests may import besides: the test kit; records to test with; for apps also the stack and the simulator. */
const testArrows = {
  'type:schemas': ['type:engine', 'type:testing'],
  'type:domain': ['type:engine', 'type:testing'],
  'type:engine': ['type:testing'],
  'type:adapter': ['type:testing'],
  'type:testing': ['type:schemas'],
  'type:app': ['type:testing', 'type:tool'],
}

const roomsWithoutPackages = ['type:pure', 'type:domain', 'type:engine', 'type:testing']

const boundaries = ({ inTests }) => [
  'error',
  {
    enforceBuildableLibDependency: false,
    depConstraints: Object.entries(arrows).map(([sourceTag, allowed]) => ({
      sourceTag,
      onlyDependOnLibsWithTags: inTests ? [...allowed, ...(testArrows[sourceTag] ?? [])] : allowed,
      ...(!inTests && roomsWithoutPackages.includes(sourceTag) && { bannedExternalImports: ['*'] }),
    })),
  },
]

// ------------------------------------------------------------------------------------------------------------ bans

const banned = (names, message) => names.map((name) => ({ name, message }))
const timers = ['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate']
const timerModules = ['node:timers', 'node:timers/promises', 'timers', 'timers/promises']

const processGlobal = banned(['process'], 'Only an entry point (src/main.ts) touches the process: pass the value in.')
const processModule = { regex: '^(node:)?process$', message: 'Only an entry point (src/main.ts) touches the process.' }
const consoleGlobal = banned(['console'], 'Write to the logger that is passed in.')
const timerGlobals = banned([...timers, 'queueMicrotask'], 'Time is injected: take a clock or a timer port.')
const worldGlobals = banned(
  ['fetch', 'performance', 'crypto', 'Buffer', 'globalThis', 'global'],
  'A pure room knows records and ticks only: pass what is needed in.',
)
const clockProperties = [
  { object: 'Date', property: 'now', message: 'Time is injected: take `nowMs` as an argument.' },
  { object: 'performance', property: 'now', message: 'Time is injected: take `nowMs` as an argument.' },
  { object: 'Math', property: 'random', message: 'Randomness is injected: take a generator as an argument.' },
]
const processProperties = ['globalThis', 'global'].map((object) => ({
  object,
  property: 'process',
  message: 'Only an entry point (src/main.ts) touches the process.',
}))
const clockSyntax = [
  { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: 'Time is injected: take `nowMs`.' },
  { selector: 'CallExpression[callee.name="Date"]', message: 'Time is injected: take `nowMs`.' },
]
const vagueNames = ['ClassDeclaration', 'TSInterfaceDeclaration', 'TSTypeAliasDeclaration'].map((declaration) => ({
  selector: `${declaration}[id.name=/(Manager|Handler|Helper|Helpers|Util|Utils|Processor)$/]`,
  message: 'Name what it is for: see "Words" in ARCHITECTURE.md.',
}))

const manyParameters = {
  selector: ':function[params.length>3]',
  message: 'At most three parameters, then an options object.',
}

const clientsOutside = (room) =>
  Object.entries(clientOwners)
    .filter(([, owners]) => !owners.includes(room))
    .map(([name, owners]) => ({
      regex: `^${name}(/|$)`,
      message: `Only ${owners.join(', ')} imports ${name}: use what it exports.`,
    }))
const deepImports = {
  regex: '^@tidemark/[^/]+/',
  message: 'Import a package by its name: its src/index.ts is its whole surface.',
}
/** Apps export nothing, so the boundary rule can't resolve an import of one, and lets it pass. */
const appImports = {
  regex: `^@tidemark/(${readdirSync(`${import.meta.dirname}/apps`).join('|')})(/|$)`,
  message: 'Nothing imports an app: what two need belongs in a library.',
}
const nodeModules = {
  regex: `^(node:|(${builtinModules.join('|')})$)`,
  message: 'A pure room has no world: no node modules.',
}
const timerImports = {
  regex: `^(${timerModules.join('|')})$`,
  message: 'Time is injected: take a clock or a timer port.',
}

/** A severity without options would keep the options of an earlier block. */
const restrict = (options) => (options.length === 0 ? 'off' : ['error', ...options])

/** A later block replaces an earlier one's options for a rule, so each room's full list is composed in one place. */
const bans = ({ globals = [], properties = [], syntax = [], imports = [] }) => ({
  'no-restricted-globals': restrict(globals),
  'no-restricted-properties': restrict(properties),
  'no-restricted-syntax': restrict([...vagueNames, ...syntax]),
  'no-restricted-imports': restrict([{ patterns: [deepImports, appImports, ...imports] }]),
})
const ordinaryRoom = (room) => ({
  globals: [...processGlobal, ...(['tools/', 'bench/'].some((each) => room.startsWith(each)) ? [] : consoleGlobal)],
  syntax: [manyParameters],
  properties: processProperties,
  imports: [processModule, ...clientsOutside(room)],
})

const ownersRooms = [...new Set(Object.values(clientOwners).flat())]
const anyRoom = ['libs', 'apps', 'tools']

export default defineConfig(
  globalIgnores(['**/dist/', '**/node_modules/', '**/.venv/', '**/target/', '.nx/', '.data/', 'coverage/']),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // An in-memory port answers at once and still has to be async.
      '@typescript-eslint/require-await': 'off',
      // With noUncheckedIndexedAccess an index that was just bounds-checked needs it, on the hot path without a branch.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // It takes a flag for unchanged that another turn of the loop sets while this one awaits.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Options are objects of plain functions, written as methods, and are destructured.
      '@typescript-eslint/unbound-method': 'off',
      // `Promise.withResolvers<void>()` and arrows that hand on a void are how this code reads.
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['**/*.{ts,js,mjs}'],
    plugins: { '@nx': nx },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-restricted-exports': [
        'error',
        {
          restrictDefaultExports: {
            direct: true,
            named: true,
            defaultFrom: true,
            namedFrom: true,
            namespaceFrom: true,
          },
        },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@nx/enforce-module-boundaries': boundaries({ inTests: false }),
    },
  },
  ...anyRoom.map((room) => ({ files: [`${room}/*/src/**/*.ts`], rules: bans(ordinaryRoom(`${room}/`)) })),
  { files: ['bench/src/**/*.ts'], rules: bans(ordinaryRoom('bench/')) },
  ...ownersRooms.map((room) => ({ files: [`${room}/src/**/*.ts`], rules: bans(ordinaryRoom(room)) })),
  {
    files: streamsRoom,
    rules: bans({
      globals: [...processGlobal, ...consoleGlobal, ...timerGlobals],
      properties: [...processProperties, ...clockProperties],
      syntax: [...clockSyntax, manyParameters],
      imports: [processModule, timerImports, ...clientsOutside('libs/streams')],
    }),
  },
  { files: streamsShell, rules: bans(ordinaryRoom('libs/streams')) },
  {
    files: pureRooms,
    rules: bans({
      globals: [...processGlobal, ...consoleGlobal, ...timerGlobals, ...worldGlobals],
      properties: clockProperties,
      syntax: [...clockSyntax, manyParameters],
      imports: [nodeModules, ...clientsOutside('')],
    }),
  },
  { files: entryPoints, rules: bans({}) },
  {
    // Made from the schemas, and as long as they are.
    files: ['libs/schemas/src/records.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    files: tests,
    rules: {
      ...bans({
        properties: clockProperties,
        syntax: clockSyntax,
        imports: [timerImports],
        globals: banned(['setTimeout', 'setInterval'], 'A unit test waits for an event, never for a while.'),
      }),
      'max-lines-per-function': 'off',
      '@nx/enforce-module-boundaries': boundaries({ inTests: true }),
      // A test reads what came over a wire as it is, and fails where it is not what it expects.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  { files: serverTests, rules: bans({}) },
  {
    files: ['**/*.{js,mjs}', 'vitest.config.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      parserOptions: { projectService: false },
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
  },
  { files: ['*.config.{js,ts}'], rules: { 'no-restricted-exports': 'off' } },
)
