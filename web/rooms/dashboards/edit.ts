import type { DashboardDocument, Widget } from '../../../src/dashboards/api.ts';

/** Where a widget stands: page and place in it. */
export interface Spot {
  page: number;
  widget: number;
}

const columns = 12;

function onPage(
  document: DashboardDocument,
  index: number,
  change: (widgets: Widget[]) => Widget[],
): DashboardDocument {
  return {
    ...document,
    pages: document.pages.map((page, at) => (at === index ? { ...page, widgets: change(page.widgets) } : page)),
  };
}

/** Adds a widget under all the others. */
export function addWidget(
  document: DashboardDocument,
  page: number,
  widget: Omit<Widget, 'layout'>,
): DashboardDocument {
  return onPage(document, page, (widgets) => {
    const bottom = Math.max(0, ...widgets.map(({ layout }) => layout.row + layout.height - 1));
    return [...widgets, { ...widget, layout: { column: 1, row: bottom + 1, width: 6, height: 3 } } as Widget];
  });
}

export function replaceWidget(document: DashboardDocument, spot: Spot, widget: Widget): DashboardDocument {
  return onPage(document, spot.page, (widgets) => widgets.map((one, at) => (at === spot.widget ? widget : one)));
}

export function removeWidget(document: DashboardDocument, spot: Spot): DashboardDocument {
  return onPage(document, spot.page, (widgets) => widgets.filter((_, at) => at !== spot.widget));
}

/** Moves or resizes a widget; it stays on the grid, and those it would cover move down. */
export function placeWidget(
  document: DashboardDocument,
  spot: Spot,
  change: Partial<Widget['layout']>,
): DashboardDocument {
  return onPage(document, spot.page, (widgets) => {
    const wanted = { ...widgets[spot.widget]!.layout, ...change };
    const width = Math.min(columns, Math.max(1, wanted.width));
    const layout = {
      width,
      height: Math.min(64, Math.max(1, wanted.height)),
      column: Math.min(columns - width + 1, Math.max(1, wanted.column)),
      row: Math.max(1, wanted.row),
    };
    return makeRoom(
      widgets.map((one, at) => (at === spot.widget ? { ...one, layout } : one)),
      spot.widget,
    );
  });
}

const covers = (a: Widget['layout'], b: Widget['layout']): boolean =>
  a.column < b.column + b.width &&
  b.column < a.column + a.width &&
  a.row < b.row + b.height &&
  b.row < a.row + a.height;

/** Pushes down whatever a placed widget covers, and what that covers then. */
function makeRoom(widgets: Widget[], placed: number): Widget[] {
  const order = widgets
    .map((_, index) => index)
    .filter((index) => index !== placed)
    .sort((a, b) => widgets[a]!.layout.row - widgets[b]!.layout.row);
  const done: Widget['layout'][] = [widgets[placed]!.layout];
  const result = [...widgets];
  for (const index of order) {
    let { layout } = widgets[index]!;
    for (let hit = done.find((one) => covers(one, layout)); hit; hit = done.find((one) => covers(one, layout))) {
      layout = { ...layout, row: hit.row + hit.height };
    }
    done.push(layout);
    if (layout !== widgets[index]!.layout) result[index] = { ...widgets[index]!, layout };
  }
  return result;
}
