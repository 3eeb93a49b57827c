/** What the help and privacy pages say in German. */
import type { InformationWords } from './words-english.js';

export const GERMAN_INFORMATION: InformationWords = {
  help: 'Hilfe',
  privacy: 'Datenschutz',
  contact: 'Kontakt',
  takedown: 'Torrent melden',
  clients: 'Programme, die hier funktionieren:',
  helpSections: ({ operator }) => [
    {
      heading: 'Was ist ein Torrent?',
      lines: [
        'Eine Torrent-Datei beschreibt andere Dateien: ihre Namen, ihre Größen und Prüfsummen ihrer Teile. Ihr BitTorrent-Programm liest sie und holt die Teile bei Leuten, die sie haben. Zugleich gibt es ihnen die Teile, die Sie haben.',
        'Ein Magnet-Link ist dasselbe in einer Zeile. Das Programm fragt dann andere nach der Beschreibung.',
        'Ein Seed hat alle Teile. Ein Leecher holt noch welche.',
      ],
    },
    {
      heading: 'Welches Programm brauche ich?',
      lines: [
        'Jedes BitTorrent-Programm geht. Installieren Sie eines, wählen Sie hier einen Torrent, und drücken Sie „Herunterladen“ für seine Datei oder „Magnet“ für seinen Link. Das Programm öffnet ihn und fragt, wohin die Dateien sollen.',
        'Einstellungen sind nicht nötig. Wenn Sie nach dem Download im Schwarm bleiben, können Ihre Nachbarn bei Ihnen laden.',
      ],
    },
    {
      heading: 'Wie hilft diese Website?',
      lines: [
        `Torrents von hier nennen einen Tracker von ${operator} statt des ursprünglichen. Er zeigt Ihrem Programm zuerst Leute im selben Netz. Was diese haben, kommt auf kurzem Weg zu Ihnen: Das ist oft schneller und hält Leitungen in andere Netze frei.`,
        'Was niemand im Netz hat, kommt wie bisher von außen.',
        'Der Inhalt ist derselbe: Der Info-Hash jedes Torrents ist der des Originals, und Ihr Programm prüft jeden Teil damit.',
        '„Im Netz“ zählt Leute, die jetzt in diesem Netz sind. Eine Rate wie „etwa 40 Mbit/s aus dem Netz“ schätzt, was sie einer weiteren Person senden können. Ihr eigener Anschluss erlaubt vielleicht weniger.',
      ],
    },
    {
      heading: `Was sieht ${operator}?`,
      lines: [
        'Wie jeder Tracker sieht dieser die Adresse Ihres Programms, an welchen Torrents es teilnimmt, wie viel ihm noch fehlt und wie viel es nach eigener Angabe gesendet und empfangen hat. Er braucht das, um Programme zusammenzubringen. Wie lange er es behält, steht unter Datenschutz.',
        'Andere im Schwarm sehen die Adresse Ihres Programms, wie bei jedem Tracker.',
      ],
    },
    {
      heading: 'Etwas geht nicht',
      lines: [
        'Der Torrent bleibt bei 0 %: Vielleicht hat ihn gerade niemand. Sehen Sie auf die Zahl der Seeds, und lassen Sie ihm Zeit.',
        'Der Torrent ist ein privater seiner Website: Private Torrents stehen hier nicht und behalten ihren eigenen Tracker.',
        'Die Dateien sind nicht, was der Name sagt, oder gehören nicht hierher: Melden Sie den Torrent, wenn unten eine Adresse dafür steht.',
      ],
    },
  ],
  privacySections: ({ operator, heldMinutes, countsRequests, passes }) => [
    {
      heading: 'Diese Website',
      lines: [
        'Die Seiten des Katalogs setzen keine Cookies, zählen keine Besucher und laden nichts von anderen Websites.',
        'Besuche werden nicht protokolliert. Wenn eine Seite wegen eines Programmfehlers ausfällt, steht im Protokoll die Adresse dieser Seite, in der auch die Wörter einer Suche stehen, aber nicht, wer sie wollte.',
        'Solange Ihre Verbindung offen ist, hat das Programm Ihre Adresse im Arbeitsspeicher, damit eine Adresse nicht alle Verbindungen belegen kann.',
      ],
    },
    ...(passes === undefined
      ? []
      : [
          {
            heading: 'Seiten anderer Websites',
            lines: [
              'Unter den Namen einiger anderer Websites holt dieser Server deren Seiten für Sie. Was Sie einer solchen Website senden, Ihre Cookies für sie und ihre Antworten gehen durch diesen Server. Sie werden hier weder gespeichert noch protokolliert.',
              passes === 'with-address'
                ? 'Die Website erhält die Adresse dieses Servers und Ihre.'
                : 'Die Website erhält die Adresse dieses Servers, nicht Ihre.',
              'Wenn Sie die ursprünglichen Seiten unverändert sehen wollen, merkt sich ein Cookie diese Wahl und nichts anderes.',
            ],
          },
        ]),
    {
      heading: 'Der Katalog',
      lines: [
        'Er speichert Torrents: wie sie heißen, was darin ist, wo sie gefunden wurden und wie viele Seeds und Leecher sie haben. Wer diese sind, speichert er nicht.',
        'Zahlen der Seeds und Leecher bleiben 26 Stunden gespeichert, für die Diagramme. Die Beliebtheit bleibt 30 Tage gespeichert.',
        ...(countsRequests
          ? [
              `Die Liste entsteht auch daraus, wie oft Torrents bei einem Web-Cache von ${operator} verlangt werden. Gespeichert werden nur die Adresse des Torrents, der Tag und die Zahl.`,
            ]
          : []),
      ],
    },
    {
      heading: 'Der Tracker',
      lines: [
        `Er hält Adresse und Port jedes Programms, die Torrents, an denen es teilnimmt, ob es alle Teile hat und wie viel es nach eigener Angabe gesendet hat, bis zu ${heldMinutes} Minuten, nachdem es sich zuletzt gemeldet hat. Eine Kopie davon liegt auf der Platte, damit bei einem Neustart nichts verloren geht; nur das Programm kann sie lesen.`,
        'Er nennt die Adressen anderen Programmen desselben Torrents, denn dazu ist ein Tracker da.',
        'Er fragt ursprüngliche Tracker nach Leuten außerhalb. Sie erfahren, dass hier jemand den Torrent will, aber nicht wer.',
        'Wer den Dienst betreibt, kann sehen, welche Adressen an welchem Torrent teilnehmen, solange er sie hält. In keinem Protokoll steht etwas davon.',
      ],
    },
  ],
};
