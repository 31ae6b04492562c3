/** Runs the real program with demo data for the browser tests: in a folder of its own, on a port of its own, gone afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

const BINARY = process.env.JIBAN_BINARY ?? fileURLToPath(new URL('../../target/debug/jiban', import.meta.url));

/** Starts it; gives its address and how to end it. */
export async function demo(days: number): Promise<{ base: string; stop: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'jiban-browser-'));
  const words = ['demo', '--folder', folder, '--listen', '127.0.0.1:0', '--days', String(days)];
  const child = spawn(BINARY, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.kill('SIGTERM')) await gone;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { base: await address(child), stop };
  } catch (why) {
    await stop();
    throw why;
  }
}

function address(child: ChildProcess): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the demo ended with ${code}:\n${said}`)));
    const hear = (part: Buffer) => {
      said += part.toString();
      const open = /Open (http:\/\/[^/\s]+)\//.exec(said);
      if (open?.[1]) resolve(open[1]);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
  });
}

export default async function setup(project: TestProject) {
  const { base, stop } = await demo(60);
  project.provide('base', base);
  return stop;
}

declare module 'vitest' {
  interface ProvidedContext {
    base: string;
  }
}
