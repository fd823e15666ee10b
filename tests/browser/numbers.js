// The numbers of a report's page, as it shows them: {us: [[exact, shown], ...], table: {unit: {column: exact}}, drawn: [...]}.
(() => {
  const exact = (element) => Number(element.dataset.us);
  const all = [...document.querySelectorAll('[data-us]')].map((element) => [exact(element), element.textContent]);
  const table = {};
  for (const row of document.querySelectorAll('table.units tbody tr')) {
    const columns = {};
    for (const cell of row.querySelectorAll('td')) {
      const number = cell.querySelector('[data-us]');
      if (cell.classList.contains('time')) columns[cell.dataset.name] = number ? exact(number) : null;
      else columns[cell.dataset.name] = cell.textContent;
    }
    table[row.querySelector('th').textContent] = columns;
  }
  const drawn = [...document.querySelectorAll('.row:not(.crowd)')].map((row) => ({
    unit: row.querySelector('.name').textContent,
    ending: row.querySelector('.ending').textContent,
    marks: [...row.querySelectorAll('svg')].map((svg) => {
      const words = [...svg.querySelectorAll('.word')].map((word) => word.textContent);
      const numbers = [...svg.querySelectorAll('.number')].map(exact);
      return Object.fromEntries(words.map((word, i) => [word, numbers[i]]));
    }),
  }));
  const big = document.querySelector('.big[data-us]');
  const budget = document.querySelector('.time span [data-us]');
  return { all, table, drawn, big: big && exact(big), budget: budget && exact(budget), text: document.body.innerText };
})()
