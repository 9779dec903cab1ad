// Reads queries from standard input, as {"schemas": {table: {column: type}}, "queries": {name: text}}, and prints
// what Microsoft's parser says of each as {name: [message]}. A name that no table or column has is a message, too.
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

const { schemas, queries } = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const tables = Object.entries(schemas).map(([name, columns]) => {
  const declared = Object.entries(columns).map(([column, type]) => `${column}: ${type}`);
  return Kusto.Language.Symbols.TableSymbol.From(`(${declared.join(", ")})`).WithName(name);
});
const database = new Kusto.Language.Symbols.DatabaseSymbol.$ctor1("workspace", tables);
const globals = Kusto.Language.GlobalState.Default.WithDatabase(database);

const told = {};
for (const [name, text] of Object.entries(queries)) {
  const parsed = Kusto.Language.KustoCode.ParseAndAnalyze(text, globals);
  const diagnostics = parsed.GetDiagnostics();
  told[name] = [];
  for (let i = 0; i < diagnostics.Count; i += 1) {
    told[name].push(diagnostics.getItem(i).Message);
  }
}
process.stdout.write(JSON.stringify(told));
