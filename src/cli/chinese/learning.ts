/** Chinese for the commands of a service that learns: learn, feedback, promote, rollback, history, shadow. By the English text. */
export const learningTexts: Readonly<Record<string, string>> = {
  'learn from judgements that a service has kept; what is better takes the place of what answers':
    '从服务保存的评价中学习；更好的版本取代当前回答的版本',
  'that `tslm serve MODEL --learn` writes': '`tslm serve MODEL --learn` 写入的目录',
  'the model, where nothing was served from the folder yet': '模型，用于尚未以此目录提供过服务时',
  'learn again and again, after each such time: 90s, 30m, 1h': '每隔此时间反复学习：90s、30m、1h',
  'keep running, and learn whenever there are n new judgements': '持续运行，每有 n 条新评价就学习一次',
  'rows of what the model was trained on (default: what its run.json names); may be repeated':
    '模型原先的训练数据（默认：其 run.json 所列）；可重复',
  'repeat nothing of that, and do not measure what is forgotten': '不重放训练数据，也不测量遗忘',
  'begin with the model itself again, with the judgements that are there now': '从原始模型重新开始，使用现有的评价',
  'with a candidate that has passed: everybody gets it, a few people first, nobody while it answers beside what is shown, or nothing':
    '通过检验的候选：promote 所有人使用，canary 先给少数人，shadow 只在影子模式中回答，nothing 不作改变',
  'what people said of the answers of a service that learns': '人们对在线学习的服务所给回答的评价',
  'the judgements, the newest first': '列出评价，最新的在前',
  'of the service': '服务的学习目录',
  "of one person, by name or by what `list` prints in the name's place": '某个人的评价，用姓名或 `list` 输出的代号',
  'of one kind': '某一种评价',
  'that wait for a review, or what one has said': '等待审核的，或审核结果为此的',
  'most judgements to list': '最多列出的评价数',
  'print them as JSON, with prompts and answers': '以 JSON 输出，包括提示和回答',
  'say of judgements whether they may be learnt from; with `review: true` in learning.yaml only what is accepted is':
    '审核评价能否用于学习；learning.yaml 中 `review: true` 时，只学习审核通过的评价',
  'their ids, as `list` prints them': '评价的 id，由 `list` 输出',
  'all that wait for a review': '所有等待审核的评价',
  'they may be learnt from': '可以用于学习',
  'nothing is learnt from them': '不用于学习',
  'who says so': '审核人',
  'print what was done as JSON': '以 JSON 输出处理结果',
  'judgements as rows that `tslm finetune` reads, JSON Lines on stdout':
    '把评价导出为 `tslm finetune` 可读的数据，JSON Lines 写到 stdout',
  'corrections; choices and corrections; thumbs and ratings; labels': '更正；选择与更正；点赞与评分；标签',
  'take rows for judgements: preference or feedback rows, as `export` writes them':
    '把数据导入为评价：偏好数据或反馈数据，格式与 `export` 写出的相同',
  'JSON Lines, CSV or Parquet': 'JSON Lines、CSV 或 Parquet',
  'what the files have': '文件中数据的种类',
  'whose judgements they are': '这些评价属于谁',
  'print how many as JSON': '以 JSON 输出数量',
  'forget a person, a conversation or an answer, with all that was said of it':
    '删除某个人、某次对话或某个回答，以及对它的全部评价',
  'whose requests and judgements go': '删除谁的请求和评价',
  'by the name that requests gave it': '按请求中给出的名称',
  'by the id of its response': '按回答的 id',
  'print what is gone as JSON': '以 JSON 输出删除的内容',
  'make a revision the one that answers; a service follows before this ends':
    '让某个版本负责回答；命令在服务采用之后才结束',
  'of a service that learns': '在线学习的服务目录',
  'its id, as `tslm history` prints it (default: the challenger, else what answers in the shadow)':
    '版本 id，由 `tslm history` 输出（默认：挑战者，否则为影子模式中的版本）',
  'print both ids as JSON': '以 JSON 输出两个 id',
  'make the revision before the one that answers it again; a service follows before this ends':
    '让前一个版本重新负责回答；命令在服务采用之后才结束',
  'the revisions of a service, what the gate said of each, and which judgements are in which':
    '服务的各个版本、检验的结论，以及各自学习了哪些评价',
  'print the judgements that are in its weights, by their ids': '按 id 输出该版本权重中学到的评价',
  'print all of it as JSON, with every event': '以 JSON 输出全部内容，包括每个事件',
  'how a revision that answers in the shadow compares with what is shown; begins and ends that':
    '影子模式中的版本与展示的回答相比如何；可开始或结束影子模式',
  'let it answer in the shadow, by its id as `tslm history` prints it':
    '让此版本在影子模式中回答，id 由 `tslm history` 输出',
  'let nothing answer in the shadow': '结束影子模式',
  'print the figures as JSON': '以 JSON 输出各项数值',
};
