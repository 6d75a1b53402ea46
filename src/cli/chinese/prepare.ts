/** Chinese for the commands that bring and make data: quickstart, pull, prepare, augment, problems. By the English text. */
export const dataTexts: Readonly<Record<string, string>> = {
  'The whole life of a language model: corpus, tokenizer, training, evaluation, generation.':
    '语言模型的全过程：语料、分词器、训练、评测、生成。',
  'output the version number': '输出版本号',
  'prepare text, train a small model, evaluate it, let it write': '准备文本，训练一个小模型，评测它，让它写作',
  "text to learn from (default: tslm's own source code)": '用于学习的文本（默认：tslm 自己的源代码）',
  'folder of the run; a run that is there is replaced by the finished one':
    '训练目录；已有的训练会在新训练完成后被替换',
  'folder of the corpus; a corpus that is there is replaced': '语料目录；已有的语料会被替换',
  'time for training; size and steps follow from it': '训练时长；模型大小和步数由此决定',
  'no progress and no notes: errors and warnings alone': '不显示进度和提示，只输出错误和警告',
  'fetch a model from the Hugging Face hub; prints its folder': '从 Hugging Face Hub 下载模型，并输出其所在目录',
  'its name on the hub: ORG/NAME': '模型在 Hub 上的名称：ORG/NAME',
  'branch, tag or commit': '分支、标签或提交',
  'files to fetch, instead of the usual ones; may be repeated': '要下载的文件，代替默认的文件列表；可重复',
  'files to leave out; may be repeated': '不下载的文件；可重复',
  'cache to use instead of HF_HUB_CACHE': '所用缓存目录，代替 HF_HUB_CACHE',
  'put the files themselves there; files of the same names are replaced': '把文件本身放到此目录；同名文件会被替换',
  'only list what would be fetched': '只列出将要下载的文件',
  'print folder, commit and files as JSON': '以 JSON 输出目录、提交和文件',
  'read, clean, deduplicate, split and tokenise texts into a corpus directory':
    '读取、清洗、去重、划分文本并分词，写成语料目录',
  'files, folders and globs: text, source code, .jsonl, .json, .csv, .tsv, .parquet, .arrow; each also .gz, .zst':
    '文件、目录或通配符：文本、源代码、.jsonl、.json、.csv、.tsv、.parquet、.arrow；均可带 .gz、.zst',
  'corpus directory to write': '要写入的语料目录',
  'replace a corpus that is there already': '替换已有的语料',
  'tokenizer.json, or a folder that holds one (default: train one on the training split)':
    'tokenizer.json，或包含它的目录（默认：在训练集上训练一个）',
  'what to train': '要训练的种类',
  'tokens of the tokenizer to train': '要训练的分词器的词元数',
  'text to train it on, at most': '用于训练分词器的文本，至多',
  'put nothing before each document, even where the tokenizer begins texts with a BOS token':
    '文档前不加任何词元，即使分词器会在文本前加 BOS',
  'put no EOS token after each document': '文档后不加 EOS 词元',
  'record where sentences begin, for objectives that learn from documents; by the rules of en, zh, … (default: auto, which tells Chinese documents from others)':
    '记录句子的起点，供按文档学习的训练目标使用；按 en、zh 等语言的规则（默认：auto，自动区分中文与其他文档）',
  'field of the text in JSON, CSV, Parquet and Arrow, or a path to it, such as meta.text':
    'JSON、CSV、Parquet、Arrow 中的文本字段，或其路径，例如 meta.text',
  "fields put together in place of one column: '{title}\\n{body}'":
    "用多个字段拼成文本，代替单个列：'{title}\\n{body}'",
  'of CSV, such as ; or tab': 'CSV 的分隔符，例如 ; 或 tab',
  'CSV and TSV start with a record, and columns are called 1, 2, 3, …': 'CSV、TSV 首行就是数据，列名为 1、2、3……',
  'what is a document in text and source code': '文本和源代码中以什么为一篇文档',
  'cut longer documents, at the end of a paragraph where possible (default: 1 MiB; 16 MiB with --split tail)':
    '切分更长的文档，尽量在段落末尾（默认：1 MiB；使用 --split tail 时为 16 MiB）',
  'of files that are not UTF-8, such as gb18030; auto finds it out':
    '非 UTF-8 文件的编码，例如 gb18030；auto 为自动检测',
  'in folders, read only these files': '目录中只读取这些文件',
  'in folders, do not read these files': '目录中不读取这些文件',
  "by the hash of each document's text, or the last parts in reading order; auto: by hash unless documents are few":
    '按每篇文档文本的哈希划分，或取阅读顺序的末尾部分；auto：按哈希，除非文档很少',
  'share of the validation split (default: 0.05)': '验证集所占比例（默认：0.05）',
  'share of the test split (default: 0.05)': '测试集所占比例（默认：0.05）',
  'inputs that are the validation split, whole': '整个作为验证集的输入',
  'inputs that are the test split, whole': '整个作为测试集的输入',
  'of all random choices': '所有随机选择的种子',
  'no cleaning': '不清洗',
  'remove shorter documents': '去除更短的文档',
  'remove longer documents': '去除更长的文档',
  'remove documents with more of their text in repeated lines': '去除重复行占比超过此值的文档',
  'remove documents of which one 2-gram makes up more': '去除单个 2-gram 占比超过此值的文档',
  'normalise Unicode: NFC, NFD, NFKC or NFKD; cleaning gives NFC':
    'Unicode 规范化：NFC、NFD、NFKC 或 NFKD；清洗得到 NFC',
  'convert Chinese to simplified or traditional characters': '把中文转换为简体或繁体',
  'remove accents': '去除变音符号',
  'urls, emails or numbers by <url>, <email>, <number>; may be given again':
    '把网址、邮箱或数字替换为 <url>、<email>、<number>；可重复',
  'lower-case all letters': '字母全部转为小写',
  'leave words out: english, chinese, or a file of them; may be given again':
    '去除停用词：english、chinese，或停用词文件；可重复',
  'remove punctuation': '去除标点',
  'keep duplicates': '保留重复文档',
  'Jaccard similarity of near-duplicates': '近似重复的 Jaccard 相似度阈值',
  'tokens in a shard, about': '每个分片的词元数（约）',
  'worker threads; the result does not depend on it (default: one a processor)':
    '工作线程数；结果与之无关（默认：每个处理器一个）',
  'print the result as JSON': '以 JSON 输出结果',
  'augment rows: replace, insert, swap or delete words (EDA), or back-translate':
    '数据增强：替换、插入、交换或删除词语（EDA），或回译',
  'JSON Lines, packed or not': 'JSON Lines，可以是压缩的',
  'JSON Lines to write': '要写入的 JSON Lines 文件',
  'replace a file that is there already': '替换已有的文件',
  how: '增强方法',
  'column of a text; may be given again (default: text)': '文本所在的列；可重复（默认：text）',
  'column of the tags of --column, which has a list of words': '--column 为词语列表时，对应标签所在的列',
  'variants of a row (default: 9 by eda, 1 by back-translation)': '每行的变体数（默认：eda 为 9，回译为 1）',
  'write the variants alone': '只写入变体',
  'words that are changed (default: 0.1)': '改动的词语比例（默认：0.1）',
  'synonym, insert, swap or delete; may be given again (default: all)':
    'synonym、insert、swap 或 delete；可重复（默认：全部）',
  'a word and its synonyms a line, with tabs between them': '每行一个词及其同义词，以制表符分隔',
  'word vectors whose nearest words are synonyms: what `tslm vectors` reads':
    '词向量，以最近的词作为同义词：`tslm vectors` 可读的文件',
  'folder of the model that translates into the other language': '译成另一种语言的模型目录',
  'folder of the one that translates back (default: the same)': '译回原语言的模型目录（默认：同一个）',
  'of the texts, where a model knows several': '原文的语言，用于多语言模型',
  'of the translations in between': '中间译文的语言',
  'beam search (default: texts are sampled)': '束搜索（默认：采样）',
  'of sampling (default: 1)': '采样温度（默认：1）',
  'length of a translation': '译文的长度',
  'print the counts as JSON': '以 JSON 输出计数',
  'generate problems with verifiable answers, with or without chains of thought': '生成答案可验证的题目，可带思维链',
  'list the problems, each with an example': '列出题目种类，各附一例',
  'print them as JSON': '以 JSON 输出',
  'generate rows of a problem: train, validation, test and texts for a tokenizer':
    '生成某种题目的数据：训练集、验证集、测试集，以及供分词器使用的文本',
  'what `tslm problems list` names': '`tslm problems list` 列出的名称',
  'folder to write': '要写入的目录',
  'what is written: the answer, from its last digit, or after a chain':
    '写入内容：直接写答案、从末位写起，或在思维链之后',
  'size of a question (default: by the problem)': '题目的规模（默认：由题目决定）',
  'draw sizes from here to --size (default: --size)': '规模从此值到 --size 之间抽取（默认：--size）',
  'rows to learn from': '用于学习的行数',
  'rows of validation and of each test': '验证集和每个测试集的行数',
  'one more test, of this size; may be repeated': '再加一个此规模的测试集；可重复',
  'characters that chains lose at their beginning, to internalise them': '思维链开头去掉的字符数，用于内化推理',
  'lose some more at random, by exp(-lambda n): removal smoothing': '再随机多去掉一些，按 exp(-lambda n)：移除平滑',
  'of the questions': '题目的随机种子',
};
