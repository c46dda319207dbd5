/** Why a warning stands, who is responsible, who can be there, and what has happened: the panel one click away. */
import { useState } from 'preact/hooks'
import { api } from '../api/client'
import type { Alert, Text2, Warning, WarningDetail } from '../api/types'
import { secondsSince, spanText } from '../domain/age'
import { count, counted, distance, figure, minutes, operatorSign } from '../domain/format'
import { levelName, levelWord } from '../domain/levels'
import { isUnanswered } from '../domain/urgency'
import { code, lang, t, title } from '../i18n'
import { flyTo } from '../map/map'
import { alerts, latestByTeam } from '../state/alerts'
import { coded } from '../state/catalogue'
import { now } from '../state/clock'
import { stores } from '../state/features'
import { mayCommand } from '../state/session'
import { attempt, problemText } from '../state/toast'
import { select } from '../state/view'
import { detailVersion, refreshWarningsSoon, warningDetail, warningName, warnings } from '../state/warnings'
import { Chart } from './Chart'
import { LadderSection } from './Ladder'
import { Dot, KindMark, LevelMark } from './Marks'
import { Loading, Section, Time, useLoad } from './Parts'
import { Told } from './Told'

type Facts = Record<string, unknown>

/** The hazard of a detail, whether the door sends a feature or its bare properties. */
function hazardOf(detail: WarningDetail): Facts {
  const hazard = detail.hazard
  if (!hazard) return {}
  if ('properties' in hazard && typeof hazard.properties === 'object') return hazard.properties as Facts
  return hazard as Facts
}

/** The name of what is measured: the datastream's own, else the rule's word. */
function measured(detail: WarningDetail): string {
  return detail.rule?.name ?? detail.series[0]?.name ?? detail.rule?.property ?? ''
}

export function ruleText(detail: WarningDetail): string {
  const rule = detail.rule
  if (!rule || rule.enter === null) {
    const named = causeOf(detail.warning.key).rule_title
    return named ? title(named as Text2) : (detail.warning.rule_key ?? code('source', detail.warning.source))
  }
  const hold = rule.hold_s ?? 0
  const level = rule.level ?? detail.warning.level
  return t(hold > 0 ? 'why.rule.text' : 'why.rule.now', {
    property: measured(detail),
    op: operatorSign(rule.op),
    enter: figure(rule.enter, rule.unit),
    leave: figure(rule.leave, rule.unit),
    level: levelName(level, lang.value),
    hold: spanText(hold, lang.value),
  })
}

/** Why a warning stands, as whatever raised it wrote it down. */
function causeOf(key: string): Facts {
  const cause = stores.warning.get(key)?.properties.cause
  return typeof cause === 'object' && cause !== null ? (cause as Facts) : {}
}

/** `裂缝计 LF-07 4.2 mm/d > 3.0 mm/d，已持续 12 分`: the cause in one line, for banner and panel. */
export function causeText(detail: WarningDetail): string {
  const { reading, rule } = detail
  const cause = causeOf(detail.warning.key)
  // One figure says a threshold; a rule of several inputs says itself what it saw.
  if (!reading || reading.value === null || rule?.enter === null) {
    const text = lang.value === 'zh' ? cause.text_zh : (cause.text_en ?? cause.text_zh)
    return typeof text === 'string' ? text : ''
  }
  const value = figure(reading.value, reading.unit ?? rule?.unit)
  const limit = rule && rule.enter !== null ? ` ${operatorSign(rule.op)} ${figure(rule.enter)}` : ''
  const held = secondsSince(reading.since, now.value)
  const since = held === null ? '' : ` · ${t('warning.since', { span: spanText(held, lang.value) })}`
  return `${reading.sensor_name ?? reading.sensor_key ?? ''} ${value}${limit}${since}`
}

export async function confirmWarning(key: string): Promise<void> {
  if (await attempt(() => api.confirmWarning(key))) refreshWarningsSoon()
}

/** Withdrawing says why: everybody who was told of the warning is told so. */
function CancelForm({ warningKey, done }: { warningKey: string; done: () => void }) {
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    if (await attempt(() => api.cancelWarning(warningKey, reason.trim()))) {
      refreshWarningsSoon()
      done()
    }
    setBusy(false)
  }
  return (
    <form class="radio" onSubmit={submit} data-testid="cancel-form">
      <label class="field">
        <span>{t('warning.cancel.reason')}</span>
        <input
          required
          maxLength={300}
          value={reason}
          placeholder={t('warning.cancel.hint')}
          onInput={(event) => setReason(event.currentTarget.value)}
          data-testid="cancel-reason"
        />
      </label>
      <div class="actions">
        <button type="submit" class="button primary grow" disabled={busy || !reason.trim()} data-testid="cancel-send">
          {t('warning.cancel.send')}
        </button>
        <button type="button" class="button" onClick={done}>
          {t('form.cancel')}
        </button>
      </div>
    </form>
  )
}

function Actions({ warning }: { warning: Warning }) {
  const [sure, setSure] = useState(false)
  const [cancelling, setCancelling] = useState(false)
  const { key, state, calling } = warning
  if (!mayCommand.value || state === 'ended') return null
  const end = async () => {
    if (!sure) {
      setSure(true)
      setTimeout(() => setSure(false), 4000)
      return
    }
    if (await attempt(() => api.endWarning(key))) refreshWarningsSoon()
  }
  return (
    <>
      <div class="actions">
        {state === 'active' ? (
          <button
            type="button"
            class="button primary grow"
            onClick={() => void confirmWarning(key)}
            data-testid="warning-confirm"
          >
            {t(calling === null || calling === 'none' ? 'warning.confirm' : 'warning.confirm.call')}
          </button>
        ) : (
          <span class="confirmed grow">✓ {t('warning.confirmed')}</span>
        )}
        <button
          type="button"
          class="button"
          aria-expanded={cancelling}
          onClick={() => setCancelling(!cancelling)}
          data-testid="warning-cancel"
        >
          {t('warning.cancel')}
        </button>
        <button type="button" class="button" onClick={() => void end()} data-testid="warning-end">
          {sure ? t('warning.end.sure') : t('warning.end')}
        </button>
      </div>
      {cancelling && <CancelForm warningKey={key} done={() => setCancelling(false)} />}
    </>
  )
}

const STEPS = ['delivered', 'acknowledged', 'arrived', 'resolved'] as const

/** One team's answer: four steps, each with a tick and its time. */
export function AlertSteps({ alert }: { alert: Alert }) {
  const times: Record<(typeof STEPS)[number], string | null> = {
    delivered: alert.delivered_at,
    acknowledged: alert.acknowledged_at,
    arrived: alert.arrived_at,
    resolved: alert.resolved_at,
  }
  return (
    <ol class="steps">
      {STEPS.map((step) => {
        const at = times[step]
        return (
          <li key={step} class={at ? 'is-done' : ''}>
            <span class="step-mark" aria-hidden="true">
              {at ? '✓' : ''}
            </span>
            <span>{t(`alert.${step}`)}</span>
            <small>{at ? <Time at={at} seconds={false} /> : '—'}</small>
          </li>
        )
      })}
    </ol>
  )
}

/** Every team's answer in one line: four steps, each with its time or a dash; those that have not answered lead. */
function Answers({ list }: { list: Alert[] }) {
  if (list.length === 0) return <p class="calm">{t('why.alerts.none')}</p>
  const steps = (alert: Alert) => STEPS.filter((step) => alert[`${step}_at`]).length
  return (
    <table class="answers" data-testid="alert-states">
      <thead>
        <tr>
          <th scope="col">{t('why.team')}</th>
          {STEPS.map((step) => (
            <th scope="col" key={step}>
              {t(`step.${step}`)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {[...list]
          .sort((a, b) => steps(a) - steps(b))
          .map((alert) => (
            <tr key={alert.id} data-testid="alert-state" data-state={alert.state}>
              <th scope="row">
                <button type="button" onClick={() => select('team', alert.team_key)}>
                  {alert.team_name ?? alert.team_key}
                </button>
              </th>
              {STEPS.map((step) => {
                const at = alert[`${step}_at`]
                return (
                  <td key={step} class={at ? 'is-done' : ''}>
                    {at ? <Time at={at} seconds={false} /> : '—'}
                  </td>
                )
              })}
            </tr>
          ))}
      </tbody>
    </table>
  )
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

interface RuleInput {
  name: string
  title: Text2
  unit: string
  value: number | null
}

function isInput(value: unknown): value is RuleInput {
  return typeof value === 'object' && value !== null && 'name' in value && 'title' in value
}

/** A rule's condition as its author wrote it, and every figure it was asked about. */
function RuleFacts({ warningKey }: { warningKey: string }) {
  const { when, inputs } = causeOf(warningKey)
  const list = Array.isArray(inputs) ? inputs.filter(isInput) : []
  if (typeof when !== 'string' && list.length === 0) return null
  return (
    <Fact name={t('why.inputs')}>
      {typeof when === 'string' && <code class="rule-when">{when}</code>}
      <ul class="rule-inputs" data-testid="rule-inputs">
        {list.map((input) => (
          <li key={input.name}>
            <span>
              {title(input.title)} <small class="mono">{input.name}</small>
            </span>
            <b>{figure(input.value, input.unit)}</b>
          </li>
        ))}
      </ul>
    </Fact>
  )
}

function Facts({ detail }: { detail: WarningDetail }) {
  const hazard = hazardOf(detail)
  const last = detail.previous[0]
  const { threatened, reading } = detail
  return (
    <dl class="facts">
      <Fact name={t('why.trigger')}>{causeText(detail) || '—'}</Fact>
      <Fact name={t('why.rule')}>{ruleText(detail)}</Fact>
      <RuleFacts warningKey={detail.warning.key} />
      <Fact name={t('why.since')}>
        <Time at={reading?.since ?? detail.warning.raised_at} />
      </Fact>
      {detail.warning.onset_at && (
        <Fact name={t('why.onset')}>
          <Time at={detail.warning.onset_at} seconds={false} />
        </Fact>
      )}
      {detail.warning.valid_until && (
        <Fact name={t('why.valid')}>
          <Time at={detail.warning.valid_until} seconds={false} />
        </Fact>
      )}
      {detail.warning.actions && <Fact name={t('why.actions')}>{detail.warning.actions}</Fact>}
      <Fact name={t('why.threat')}>
        {t('why.threat.text', {
          buildings: count(threatened.buildings),
          households: counted(threatened, 'households'),
          residents: counted(threatened, 'residents'),
        })}
      </Fact>
      {typeof hazard.slope_deg === 'number' && <Fact name={t('why.slope')}>{figure(hazard.slope_deg)}°</Fact>}
      <Fact name={t('why.owner')}>{String(hazard.contact_role ?? '—')}</Fact>
      <Fact name={t('why.last')}>
        {last ? (
          <>
            <Time at={last.raised_at} seconds={false} /> {levelName(last.level, lang.value)}
          </>
        ) : (
          t('why.last.none')
        )}
      </Fact>
    </dl>
  )
}

function Teams({ detail }: { detail: WarningDetail }) {
  if (detail.teams.length === 0) return <p class="calm">{t('why.teams.none')}</p>
  return (
    <ul class="rows">
      {detail.teams.slice(0, 5).map((team) => (
        <li key={team.key} class="row-item">
          <button type="button" class="row" onClick={() => select('team', team.key)} data-testid="why-team">
            <span class="row-mark">
              <Dot state={team.status === 'idle' ? 'ok' : team.status === 'busy' ? 'busy' : 'idle'} size={0.8} />
            </span>
            <span class="row-title">{team.name}</span>
            <span class="row-aside">
              {minutes(team.eta_s, lang.value)} · {distance(team.distance_m)}
            </span>
            <span class="row-line">
              {[
                coded('team', 'kind', team.kind),
                coded('team', 'status', team.status),
                team.members ? t('why.members', { n: team.members }) : '',
              ]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </button>
        </li>
      ))}
    </ul>
  )
}

function Cameras({ detail }: { detail: WarningDetail }) {
  if (detail.cameras.length === 0) return <p class="calm">{t('why.cameras.none')}</p>
  return (
    <ul class="lines">
      {detail.cameras.slice(0, 6).map((camera) => (
        <li key={camera.key}>
          <button type="button" onClick={() => select('camera', camera.key)}>
            <KindMark kind="camera" size={1} state={camera.status === 'online' ? '' : 'is-off'} />
            <span>{camera.name}</span>
            <small>
              {coded('camera', 'status', camera.status)} · {distance(camera.distance_m)}
            </small>
          </button>
        </li>
      ))}
    </ul>
  )
}

/** A photo of a report; the whole of it opens in a page of its own. */
function Photo({ name }: { name: string }) {
  const address = `/attachments/${encodeURIComponent(name)}`
  return (
    <a class="photo" href={address} target="_blank" rel="noreferrer">
      <img src={address} alt={t('report.photo.alt')} loading="lazy" />
    </a>
  )
}

function History({ detail }: { detail: WarningDetail }) {
  return (
    <ol class="history" data-testid="warning-timeline">
      {[...detail.timeline].reverse().map((entry) => (
        <li key={`${entry.at}${entry.kind}${entry.text_zh}`} class={`history-${entry.kind}`}>
          <span>
            {lang.value === 'zh' ? entry.text_zh : entry.text_en || entry.text_zh}
            {entry.attachment && <Photo name={entry.attachment} />}
          </span>
          <Time at={entry.at} />
        </li>
      ))}
    </ol>
  )
}

export function Why({ warningKey }: { warningKey: string }) {
  const loaded = useLoad(() => warningDetail(warningKey), [warningKey, detailVersion.value])
  if (loaded.state === 'failed') return <p class="calm">{problemText(loaded.error)}</p>
  const detail = loaded.value
  if (!detail) return <Loading />
  // The list hears of a change before the detail is asked again.
  const warning = warnings.value.find((item) => item.key === warningKey) ?? detail.warning
  const nobody = isUnanswered(warning)
  const hazard = hazardOf(detail)
  const held = alerts.value.filter((alert) => alert.warning_key === warningKey)
  const answers = latestByTeam(held.length >= detail.alerts.length ? held : detail.alerts)
  const limit = detail.rule?.enter ?? null
  const threshold =
    limit === null
      ? null
      : { value: limit, text: t('why.threshold', { value: figure(limit, detail.rule?.unit) }), level: warning.level }
  return (
    <article class="why" data-testid="why-panel">
      <header class={`detail-head level-${warning.level} ${warning.drill ? 'is-drill' : ''}`}>
        <LevelMark level={warning.level} size={2} sign drill={warning.drill} />
        <div>
          <h2>{warningName(warning)}</h2>
          <p>
            {levelName(warning.level, lang.value)} · {levelWord(warning.level, lang.value)}
            {warning.drill && ` · ${t('warning.drill')}`} · {code('state', warning.state)}
          </p>
          <p class="detail-sub">
            {[
              hazard.kind ? t('warning.subject') : coded('warning', 'kind', warning.kind),
              hazard.kind ? coded('hazard', 'kind', hazard.kind) : '',
              warning.hazard_key ?? warning.subject,
            ]
              .filter(Boolean)
              .join(' · ')}
          </p>
        </div>
      </header>
      <Actions warning={warning} />
      {/* Where nobody answers, that comes before the cause. */}
      {nobody && <LadderSection warningKey={warningKey} />}
      <Section title={t('why.title')}>
        {detail.series.some(({ points }) => points.length) ? (
          <Chart series={detail.series} threshold={threshold} />
        ) : (
          <p class="calm">{t('why.noseries')}</p>
        )}
        <Facts detail={detail} />
      </Section>
      {!nobody && <LadderSection warningKey={warningKey} />}
      <Section title={t('why.answers')} aside={answers.length || undefined}>
        <Answers list={answers} />
      </Section>
      <Section title={t('why.teams')}>
        <Teams detail={detail} />
      </Section>
      <Section title={t('why.cameras')} aside={detail.cameras.length || undefined}>
        <Cameras detail={detail} />
      </Section>
      <Told warningKey={warningKey} />
      <Section title={t('why.history')}>
        <History detail={detail} />
      </Section>
      <button type="button" class="button" onClick={() => flyTo(warning.lon, warning.lat)}>
        {t('detail.goto')}
      </button>
    </article>
  )
}
