/**
 * Runs a PostgreSQL server for as long as the parent process lives, and leaves nothing behind. It is a process of its
 * own, because a parent that is killed can't clean up. Its standard input is a pipe from the parent; when the pipe
 * closes, for whatever reason, it stops the server and deletes the directory.
 *
 * It is plain JavaScript, so that it starts without a compiler. Usage: node postgres-keeper.cjs DIRECTORY POSTGRES [ARGUMENT …]
 */
const { spawn } = require("node:child_process");
const { rmSync, statSync } = require("node:fs");
const path = require("node:path");

const [directory, postgres, ...postgresArguments] = process.argv.slice(2);

// PostgreSQL refuses to run as root, so it runs as the owner of its data.
const { uid, gid } = statSync(path.join(directory, "data"));
const server = spawn(postgres, postgresArguments, {
  cwd: directory,
  stdio: ["ignore", "inherit", "inherit"],
  ...(process.getuid?.() === 0 && { uid, gid }),
});

// SIGINT is PostgreSQL's fast shutdown: it rolls back open transactions and disconnects clients.
process.stdin.resume().on("close", () => server.kill("SIGINT"));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => server.kill("SIGINT"));
server.on("exit", (code) => {
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  process.exit(code ?? 1);
});
server.on("error", (error) => {
  process.stderr.write(`${error.message}\n`);
  rmSync(directory, { recursive: true, force: true });
  process.exit(1);
});
