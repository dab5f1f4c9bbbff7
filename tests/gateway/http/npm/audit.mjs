// The public audit of GraphQL over HTTP: node audit.mjs ADDRESS AUTHORIZATION prints [{name, status, reason}].
import { serverAudits } from 'graphql-http';

const [url, authorization] = process.argv.slice(2);
const fetchFn = (address, init = {}) =>
  fetch(address, { ...init, headers: { ...init.headers, authorization } });
const found = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  found.push({ name: result.name, status: result.status, reason: result.reason ?? '' });
}
console.log(JSON.stringify(found));
