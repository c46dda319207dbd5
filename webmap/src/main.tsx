import { render } from 'preact'
import { App } from './panels/App'
import './theme/tokens.css'
import './theme/page.css'
import './theme/desk.css'
import './theme/lists.css'
import './theme/detail.css'
import './theme/map.css'
import './theme/calls.css'
import './theme/heat.css'
import './theme/phone.css'

const host = document.getElementById('app')
if (host) render(<App />, host)
