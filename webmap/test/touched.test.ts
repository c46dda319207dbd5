import { expect, test } from 'vitest'
import { merged, Touched } from '../src/domain/touched'

test('what the stream says while a list is on its way is not lost with the list', () => {
  const touched = new Touched()
  const held = new Map([['1', 'delivered']])
  const asked = touched.begin()
  held.set('2', 'new')
  touched.note('2')
  const list = new Map([['1', 'delivered']])
  expect([...merged(list, held, asked)]).toEqual([
    ['1', 'delivered'],
    ['2', 'new'],
  ])
  touched.end(asked)
})

test('a list asked later knows what was said before it, and says so', () => {
  const touched = new Touched()
  const first = touched.begin()
  touched.note('1')
  const second = touched.begin()
  touched.note('2')
  expect([...first]).toEqual(['1', '2'])
  expect([...second]).toEqual(['2'])
  touched.end(first)
  touched.note('3')
  expect([...first]).toEqual(['1', '2'])
  expect([...second]).toEqual(['2', '3'])
})

test('what the stream took away stays away', () => {
  expect([...merged(new Map([['1', 'x']]), new Map(), new Set(['1']))]).toEqual([])
})
