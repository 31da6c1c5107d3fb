/** Which folder may import what. `npm run check` holds every import against it: of types, and by `import()`, too. */

/** The pipelines, and what stands beside them in src: the rotation of the database's password. */
const PIPELINES = "extract|intake|lake|rotation";

/** @type {import("dependency-cruiser").IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: "no-circle",
      comment: "These files import each other in a circle. Move what they share into a file of its own.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "platform-imports-only-platform",
      comment:
        "src/platform knows no pipeline. Pass the value in as an argument, or move the code to the pipeline that needs it.",
      severity: "error",
      from: { path: "^src/platform/" },
      to: { path: "^src/", pathNot: "^src/platform/" },
    },
    {
      name: "pipelines-are-independent",
      comment: "A pipeline imports no other pipeline. Move what they share to src/platform.",
      severity: "error",
      from: { path: `^src/(${PIPELINES})/` },
      to: { path: `^src/(${PIPELINES})/`, pathNot: "^src/$1/" },
    },
    {
      name: "src-imports-only-src",
      comment: "src is what is deployed. It imports nothing of the terminal, the report or development.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(cli|report|local|tests|bench)/" },
    },
    {
      name: "pipelines-are-for-cli-and-report",
      comment:
        "Only cli and report import pipelines. In local, the demonstration and the handler's process do as well; " +
        "tests and bench import what they test and measure.",
      severity: "error",
      from: { pathNot: "^(src|cli|report|tests|bench)/|^local/(demo|invoke)[.]ts$" },
      to: { path: `^src/(${PIPELINES})/` },
    },
    {
      name: "development-is-loaded-on-demand",
      comment:
        "cli and report run without what is for development. Load it by import() in the command that needs it.",
      severity: "error",
      from: { path: "^(cli|report)/" },
      to: { path: "^local/", dynamic: false },
    },
    {
      name: "no-tests-outside-development",
      comment: "cli, report and local import nothing of tests and bench.",
      severity: "error",
      from: { path: "^(cli|report|local)/" },
      to: { path: "^(tests|bench)/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    // Imports of types count: a circle of types is a circle of reasons to change.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "require", "node", "default"],
    },
  },
};
