/** Chinese for the commands that train: recipes, train, finetune, resume, sweep. By the English text. */
export const trainingTexts: Readonly<Record<string, string>> = {
  'the recipes that come with tslm: list them, show or copy one': '随 tslm 提供的训练配置：列出、显示或复制',
  'names of recipes, and what each trains': '训练配置的名称，以及各自训练什么',
  'print a recipe, with a comment on every key': '输出一个训练配置，每个键都有注释',
  'write a recipe into a file, to change it': '把训练配置写成文件，以便修改',
  'default: its name in this folder': '默认：本目录中，使用其名称',
  'train a model as a recipe says': '按训练配置训练模型',
  'a YAML file; see recipes/': 'YAML 文件；见 recipes/',
  'folder of the run (default: runs/<name of the recipe>)': '训练目录（默认：runs/<配置的名称>）',
  'override a key of the recipe; may be repeated': '覆盖配置中的一个键；可重复',
  'print this many examples with what is learnt of them, and do not train': '输出若干样例及其中要学习的部分，不训练',
  'train 100 steps (or this many) with a learning rate that grows, plot the loss over it, and keep nothing':
    '用逐渐增大的学习率训练 100 步（或给定步数），画出损失曲线，不保留任何结果',
  'train a model on rows: labels, tags, answers, translations, conversations, preferences; looks at them and writes the recipe':
    '微调：用标签、序列标注、问答、翻译、对话、偏好数据训练模型；先检查数据，再写出训练配置',
  'folder of a model or of a run': '模型目录或训练目录',
  'rows: .jsonl, .json, .csv, .tsv, .parquet, .arrow': '数据：.jsonl、.json、.csv、.tsv、.parquet、.arrow',
  'rows to evaluate on, or a share of those above (default: 0.1)':
    '用于验证的数据，或从上面的数据中留出的比例（默认：0.1）',
  'what the files call a column: label=stars; may be repeated': '文件中列的叫法：label=stars；可重复',
  'folder of the run (default: runs/<name of the file>)': '训练目录（默认：runs/<文件名>）',
  'passes over the rows (default: by the size of the model)': '遍历数据的轮数（默认：由模型大小决定）',
  'rows of an update (default: by the kind of rows)': '每次更新的行数（默认：由数据类型决定）',
  'highest learning rate (default: by the width of the model)': '最高学习率（默认：由模型宽度决定）',
  'of the model while it trains (default: as its config.json says)': '训练时模型的 dropout（默认：按其 config.json）',
  'train an adapter in place of all weights: lora, dora, pissa, ia3, vera, …':
    '只训练适配器，代替全部权重：lora、dora、pissa、ia3、vera……',
  'of lora, dora, pissa, vera, loha (default: by the method)': 'lora、dora、pissa、vera、loha 的秩（默认：由方法决定）',
  'nf4: keep the model below lora or dora in four bits (QLoRA)': 'nf4：lora 或 dora 之下的模型以 4 比特保存（QLoRA）',
  'for conversations and a model without one: chatml, llama3, plain or a file (default: chatml; plain for adapters)':
    '对话数据且模型没有聊天模板时：chatml、llama3、plain 或文件（默认：chatml；适配器为 plain）',
  'of the new head, the order of the rows, dropout (default: 0)': '新的输出头、数据顺序、dropout 的种子（默认：0）',
  'leave bad rows out and count them; without it the first is an error':
    '跳过有问题的行并计数；不加此项时遇到第一行即报错',
  'look, measure a step and print the recipe; train nothing': '检查数据，测量一步，输出训练配置；不训练',
  'refuse a model whose files have keys without effect, in place of a warning':
    '模型文件中有不起作用的键时拒绝加载，而不是警告',
  'resume an interrupted run, with the same results as without the interruption, or extend a finished one':
    '继续被中断的训练，结果与未中断时相同；或延长已完成的训练',
  'folder of the run': '训练目录',
  'change a key of the recipe: steps, batch, learning rate, schedule, intervals …; may be repeated':
    '修改配置中的一个键：步数、批大小、学习率、调度、间隔等；可重复',
  'search the keys of a recipe: random, grid, TPE; with early stopping, ASHA, Hyperband or a population':
    '超参数搜索：随机、网格、TPE；支持提前停止、ASHA、Hyperband 和种群训练',
  'a YAML file; recipes/sweeps/quickstart.yaml explains every key':
    'YAML 文件；recipes/sweeps/quickstart.yaml 解释了每个键',
  'folder of the sweep, new or interrupted (default: sweeps/<name of the sweep>)':
    '搜索目录，新建或被中断的（默认：sweeps/<搜索的名称>）',
  'trials at a time, each a process (default: as the sweep says)':
    '同时进行的试验数，每个试验一个进程（默认：按搜索文件）',
};
