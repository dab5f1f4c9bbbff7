// Starts GraphiQL with the access token of the bar above it. The token stays in this tab's memory.
"use strict";

const EXAMPLE = `# 一体 Yiti
# 先在上方选择查询人或粘贴访问令牌。
# Choose a viewer or paste an access token above.
# Or put it into Headers below:
#   { "Authorization": "Bearer <token>" }

query Me {
  viewer {
    subject
    roles
    purpose
    labels { label effect because }
  }
  sources { id name health { ok detail } }
}
`;

const memory = new Map();
const storage = {
  getItem: (key) => memory.get(key) ?? null,
  setItem: (key, value) => memory.set(key, value),
  removeItem: (key) => memory.delete(key),
  clear: () => memory.clear(),
  get length() { return memory.size; },
};

const hint = document.getElementById("hint");
const tokenField = document.getElementById("token");
const viewerField = document.getElementById("viewer");
const root = ReactDOM.createRoot(document.getElementById("graphiql"));

function fetcherFor(token) {
  return async (parameters, options) => {
    const headers = {
      "Accept": "application/graphql-response+json, application/json",
      "Content-Type": "application/json",
      ...(token ? { "Authorization": `Bearer ${token}` } : {}),
      ...(options?.headers ?? {}),
    };
    const response = await fetch("/graphql", {
      method: "POST", headers, body: JSON.stringify(parameters), credentials: "omit", cache: "no-store",
    });
    hint.textContent = `HTTP ${response.status} · ${response.headers.get("X-Request-Id") ?? ""}`;
    return response.json();
  };
}

function render(token) {
  root.render(React.createElement(GraphiQL, {
    fetcher: fetcherFor(token),
    storage,
    defaultQuery: EXAMPLE,
    defaultEditorToolsVisibility: "variables",
    shouldPersistHeaders: false,
  }));
}

async function offerDemoViewers() {
  const response = await fetch("/demo/viewers", { credentials: "omit" });
  if (!response.ok) return;
  const viewers = await response.json();
  viewerField.append(...viewers.map(({ title, token }) => new Option(title, token)));
  document.getElementById("who").hidden = viewers.length === 0;
  if (viewers.length > 0) use(viewers[0].token);
}

function use(token) {
  tokenField.value = token;
  render(token);
}

tokenField.addEventListener("change", () => render(tokenField.value.trim()));
viewerField.addEventListener("change", () => use(viewerField.value));

if (document.documentElement.dataset.demo === "true") offerDemoViewers();
else render("");
