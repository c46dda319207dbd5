/** Keys of the planning studio, before the page's own: a letter takes up a tool, Enter makes the edit, Escape steps back. */
import { useEffect } from 'preact/hooks'
import type { MessageKey } from '../../i18n'
import { sketchNow } from '../../map/plan'
import { edit, type PlanTool, plan, planClash, planEditable, planPick, planTool, redo, undo } from '../../state/plan'
import { takeStrokeBack } from '../../state/planPaint'
import { corner, stepBack, take, takeUp, toggleLocks } from '../../state/planTools'
import { overlay } from '../../state/view'
import { moreKeys } from '../Keys'

export const TOOL_KEYS: Readonly<Record<PlanTool, string>> = {
  select: 'V',
  split: 'S',
  merge: 'M',
  edge: 'E',
  reshape: 'R',
  paint: 'P',
  lasso: 'A',
  building: 'B',
  snap: 'G',
  lock: 'L',
}

export const KEY_HELP: readonly (readonly [key: string, text: MessageKey])[] = [
  ['V', 'plan.tool.select'],
  ['S', 'plan.tool.split'],
  ['M', 'plan.tool.merge'],
  ['E', 'plan.tool.edge'],
  ['R', 'plan.tool.reshape'],
  ['P', 'plan.tool.paint'],
  ['A', 'plan.tool.lasso'],
  ['B', 'plan.tool.building'],
  ['G', 'plan.tool.snap'],
  ['L', 'plan.tool.lock'],
  ['Ctrl+Z', 'plan.undo'],
  ['Ctrl+Shift+Z', 'plan.redo'],
  ['Enter', 'plan.keys.enter'],
  ['Del', 'plan.keys.delete'],
  ['Esc', 'plan.keys.escape'],
]

const TOOL_OF = new Map(Object.entries(TOOL_KEYS).map(([tool, key]) => [key.toLowerCase(), tool as PlanTool]))

/** Lock needs no click where grids are picked already; the tool then goes back to where it was. */
function pressTool(tool: PlanTool): void {
  const picks = [...planPick.peek()]
  if (tool === 'lock' && planEditable.peek() && picks.length > 0 && planTool.peek() !== 'lock') {
    void toggleLocks(picks)
    return
  }
  takeUp(tool)
}

function dropCorner(): boolean {
  const at = corner.peek()
  if (!at || planTool.peek() !== 'edge' || !planEditable.peek()) return false
  corner.value = null
  void edit({ op: 'remove', at: at as [number, number] }, at as [number, number])
  return true
}

/** Whether the key was ours. */
function handle(event: KeyboardEvent): boolean {
  const { key } = event
  const sketch = sketchNow()
  if (event.ctrlKey || event.metaKey) {
    const letter = key.toLowerCase()
    if (event.altKey || !planEditable.peek()) return false
    const back = letter === 'z' && !event.shiftKey
    const again = (letter === 'z' && event.shiftKey) || (letter === 'y' && !event.shiftKey)
    if (back) {
      // While a line is drawn, what is undone is its last corner; while there is paint, the last stroke.
      if (!sketch?.back() && !takeStrokeBack()) void undo()
    } else if (again) void redo()
    return back || again
  }
  if (event.altKey) return false
  if (key === 'Escape') {
    if (planClash.peek()) planClash.value = null
    else if (!sketch?.cancel()) stepBack()
    // A plan is closed by its button, never by one Escape too many.
    return true
  }
  if (key === 'Enter') {
    // A tool or a choice that was made by its button still has the focus; any other button is pressed.
    const pressed = (event.target as HTMLElement).closest('button, a, summary')
    if (pressed && !pressed.closest('.plan-tools, .plan-box .choice')) return false
    if (!sketch?.finish()) void take()
    return true
  }
  if (key === 'Delete' || key === 'Backspace') return sketch?.back() || takeStrokeBack() || dropCorner()
  const tool = event.shiftKey ? undefined : TOOL_OF.get(key.toLowerCase())
  if (!tool || (tool !== 'select' && !planEditable.peek())) return false
  pressTool(tool)
  return true
}

function onKey(event: KeyboardEvent): void {
  if (!plan.peek() || overlay.peek()) return
  const target = event.target as HTMLElement
  if (target.closest?.('dialog')) return
  // What lies over the studio has its own Escape, Enter and letters.
  if (target.closest?.('[role="dialog"]') || document.querySelector('[role="dialog"][aria-modal="true"]')) return
  if (target.closest?.('input:not([type=checkbox], [type=radio], [type=range]), textarea, select')) {
    // Escape leaves the field; the page's own would close the plan.
    if (event.key === 'Escape') {
      target.blur()
      event.stopPropagation()
    }
    return
  }
  if (!handle(event)) return
  event.preventDefault()
  event.stopPropagation()
}

export function usePlanKeys(): void {
  useEffect(() => {
    addEventListener('keydown', onKey, true)
    moreKeys.value = KEY_HELP
    return () => {
      removeEventListener('keydown', onKey, true)
      moreKeys.value = []
    }
  }, [])
}
