// Words in the person's language. English is loaded with the client, the others when they are chosen.
import { en } from './words/en.js';
import type { Help, Pair } from './words/errors.en.js';

export type Words = typeof en;
export const LANGUAGES: Record<string, string> = { en: 'English', nl: 'Nederlands', de: 'Deutsch', fr: 'Français' };

const loaders: Record<string, () => Promise<Words>> = {
  en: () => Promise.resolve(en),
  nl: () => import('./words/nl.js').then((m) => m.nl),
  de: () => import('./words/de.js').then((m) => m.de),
  fr: () => import('./words/fr.js').then((m) => m.fr),
};

const helpers: Record<string, () => Promise<{ help: Help }>> = {
  en: () => import('./words/errors.en.js'), nl: () => import('./words/errors.nl.js'),
  de: () => import('./words/errors.de.js'), fr: () => import('./words/errors.fr.js'),
};

let now: Words = en;
let language = 'en';
let help: Help | null = null;
let helped: Promise<void> = Promise.resolve();
let young = false;

export const lang = (): string => language;

/** The browser's first language that Ward speaks. */
export function preferred(): string {
  for (const l of navigator.languages) {
    const tag = l.slice(0, 2).toLowerCase();
    if (tag in LANGUAGES) return tag;
  }
  return 'en';
}

let told: () => void = () => {};
/** What is on the screen for good draws itself again when the language changes. */
export const onSpeak = (f: () => void): void => { told = f; };

export async function speak(tag: string): Promise<void> {
  const wanted = tag in LANGUAGES ? tag : 'en';
  const read = loaders[wanted]!();
  helped = helpers[wanted]!().then((m) => { help = m.help; }, () => { /* the service's own words stand in */ });
  now = await read;
  if (wanted !== 'en') await helped; // the feed does not wait for it: English comes from the service
  if (wanted === language) return;
  language = wanted;
  document.documentElement.lang = language;
  told();
}

/** w('join.title'), with {name} replaced. */
export function w(key: keyof Words, values: Record<string, string | number> = {}): string {
  return now[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** Whoever reads is a child: some errors have shorter, more concrete words. */
export const speakToChild = (yes: boolean): void => { young = yes; };
/** When the words for errors, needs and entries are there. */
export const helpReady = (): Promise<void> => helped;

const of = <T>(table: Readonly<Record<string, T>> | undefined, key: string): T | undefined => (table && Object.hasOwn(table, key) ? table[key] : undefined);

/** An error's cause and remedy in the person's language; none where only the service has words for it. */
export const errorWords = (code: string): Pair | undefined => (young ? of(help?.child, code) : undefined) ?? of(help?.errors, code);
export const needWords = (needs: string[]): string => needs.map((n) => of(help?.needs, n) ?? n).join(', ');
export const kindWords = (kind: string): string => of(help?.kinds, kind) ?? kind;

export const day = (d: Date): string => d.toLocaleDateString(language, { day: 'numeric', month: 'long', year: 'numeric' });
export const moment = (d: Date): string => d.toLocaleString(language, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

export function countryName(code: string): string {
  try { return new Intl.DisplayNames([language], { type: 'region' }).of(code) ?? code; } catch { return code; }
}
