// Where one is, and how to get elsewhere, without loading the page again.

let open: (path: string) => void = () => {};
export const onOpen = (f: (path: string) => void): void => { open = f; };

export function go(path: string, replaceEntry = false): void {
  if (replaceEntry) history.replaceState(null, '', path);
  else history.pushState(null, '', path);
  open(location.pathname);
}

export function startNavigation(): void {
  addEventListener('popstate', () => open(location.pathname));
  document.addEventListener('click', (e) => {
    const a = (e.target as Element).closest?.('a');
    if (!a || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || a.hasAttribute('download') || a.origin !== location.origin) return;
    if (a.pathname.startsWith('/api/') || a.pathname.startsWith('/ledger/') || (a.hash && a.pathname === location.pathname)) return;
    e.preventDefault();
    go(a.pathname + a.search);
  });
}
