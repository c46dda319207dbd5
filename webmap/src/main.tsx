import { render } from 'preact'
import { App } from './panels/App'
import './theme/tokens.css'
import './theme/page.css'
import './theme/panels.css'
import './theme/map.css'
import './theme/phone.css'

const host = document.getElementById('app')
if (host) render(<App />, host)
