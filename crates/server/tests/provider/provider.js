// A certified OpenID provider on loopback, for the tests of single sign-on: its own pages sign in whoever names a login.
// Usage: node provider.js PORT REDIRECT_URI. Says "ready" when it listens.

import { createRequire } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

// Installed by `cargo xtask setup`, not beside this file.
const require = createRequire(path.join(process.env.JIBAN_TEST_TOOLS, 'provider', 'package.json'))
const { Provider } = await import(pathToFileURL(require.resolve('oidc-provider')))

const [port, redirect] = process.argv.slice(2)
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: 'jiban', client_secret: 'a-secret-of-the-tests', redirect_uris: [redirect] }],
  claims: { openid: ['sub'], profile: ['preferred_username'] },
  conformIdTokenClaims: false,
  // The provider's own mark for somebody is not the name that they sign in with.
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id.split('@')[0] }) }),
  cookies: { keys: ['for the tests only'] },
})
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
