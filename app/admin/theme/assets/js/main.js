// Brings the page to life; run again over whatever htmx or the dialog puts into it.
import { startAppearance } from "./appearance.js";
import { startArranging } from "./arrange.js";
import { startBulk } from "./bulk.js";
import { startCells } from "./cells.js";
import { startColumns } from "./columns.js";
import { startCopying } from "./copying.js";
import { startDates } from "./dates.js";
import { startDialog } from "./dialog.js";
import { startDisputes } from "./disputes.js";
import { startDrafts } from "./drafts.js";
import { startFilters } from "./filters.js";
import { startForms } from "./forms.js";
import { startGrids } from "./grid.js";
import { lookForJobs, startJobs } from "./jobs.js";
import { startMatrix } from "./matrix.js";
import { startMenus } from "./menus.js";
import { startOrdering } from "./ordering.js";
import { startPickers } from "./pickers.js";
import { startStars } from "./stars.js";
import { startReturning } from "./returning.js";
import { startSearch } from "./search.js";
import { startShortcuts } from "./shortcuts.js";
import { startSums } from "./sums.js";
import { startSwaps } from "./swaps.js";
import { startTrail } from "./trail.js";
import { startTree } from "./tree.js";

function enliven(root) {
  startPickers(root);
  startDates(root);
  startFilters(root);
  startBulk(root);
  startColumns(root);
  startArranging(root);
  startForms(root);
  startDisputes(root);
  startDrafts(root);
  startMatrix(root);
  startOrdering(root);
  startTree(root);
  startGrids(root);
  startSums(root);
  startJobs(root, enliven);
}

startAppearance();
startMenus();
startSearch();
startShortcuts();
startStars();
startCopying();
startCells(enliven);
startSwaps(enliven);
startDialog(enliven);
enliven(document);
startReturning();
startTrail();
lookForJobs();
