// Words in the person's language. English is loaded with the client, the others when they are chosen.
import { en } from './words/en.js';

export type Words = typeof en;
export const LANGUAGES: Record<string, string> = { en: 'English', nl: 'Nederlands', de: 'Deutsch', fr: 'Français' };

const loaders: Record<string, () => Promise<Words>> = {
  en: () => Promise.resolve(en),
  nl: () => import('./words/nl.js').then((m) => m.nl),
  de: () => import('./words/de.js').then((m) => m.de),
  fr: () => import('./words/fr.js').then((m) => m.fr),
};

let now: Words = en;
let language = 'en';

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
  now = await loaders[wanted]!();
  if (wanted === language) return;
  language = wanted;
  document.documentElement.lang = language;
  told();
}

/** w('join.title'), with {name} replaced. */
export function w(key: keyof Words, values: Record<string, string | number> = {}): string {
  return now[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

export const day = (d: Date): string => d.toLocaleDateString(language, { day: 'numeric', month: 'long', year: 'numeric' });
export const moment = (d: Date): string => d.toLocaleString(language, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

export function countryName(code: string): string {
  try { return new Intl.DisplayNames([language], { type: 'region' }).of(code) ?? code; } catch { return code; }
}
