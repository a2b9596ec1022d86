import { describe, expect, it } from 'vitest'
import { unknownSettings, unknownTopics } from './wire-laws.ts'

const file = (path: string, text: string) => ({ path, text })

describe('topics', () => {
  const source = file(
    'libs/schemas/src/topics.ts',
    "export const topicNames = {\n  orders: 'orders',\n  shopDlq: 'shop-dlq',\n}",
  )
  const app = file('apps/shop/src/topology.ts', 'stream(topicNames.orders, codec)')
  const document = file('docs/topics.md', '| topic | key |\n|---|---|\n| `orders` | `id` |\n| `shop-dlq` | none |\n')

  it('are fine where each is described and used', () => {
    expect(unknownTopics([source, app, document])).toEqual([])
  })

  it('are noticed where one is not described', () => {
    expect(unknownTopics([source, app, file('docs/topics.md', '## `orders`')])).toEqual([
      'docs/topics.md: shop-dlq is not described',
    ])
  })

  it('are noticed where one that is described does not exist', () => {
    expect(unknownTopics([source, app, file('docs/topics.md', `${document.text}| \`bills\` | none |\n`)])).toEqual([
      'docs/topics.md: bills does not exist',
    ])
  })

  it('are noticed where no app uses one', () => {
    expect(unknownTopics([source, document, file('apps/shop/src/a.ts', '')])).toEqual([
      'libs/schemas/src/topics.ts: no app uses orders',
    ])
  })
})

describe('settings', () => {
  const config = file('apps/shop/src/config.ts', "import { z } from 'zod'\nz.object({\n  SHOP_URL: z.string(),\n})")
  const reader = file('tools/a/src/a.ts', "env['A_CACHE'] ?? env['HOME']")
  const document = file('docs/settings.md', '| name | default |\n|---|---|\n| `SHOP_URL` `A_CACHE` | |\n')

  it('are fine where each is described', () => {
    expect(unknownSettings([config, reader, document])).toEqual([])
  })

  it('are noticed where one is not described, or described and not read', () => {
    expect(unknownSettings([config, reader, file('docs/settings.md', '| `SHOP_URL` | |\n| `B_CACHE` | |\n')])).toEqual([
      'docs/settings.md: A_CACHE is not described',
      'docs/settings.md: nothing reads B_CACHE',
    ])
  })
})
